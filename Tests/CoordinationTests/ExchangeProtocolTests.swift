import Coordination
import Testing

/// Requests for missing messages of the exchange.
struct ExchangeProtocolTests {
  private var member = ExchangeProtocol(memberCount: 2, me: 0, step: 5, resendTimeout: 100)

  private mutating func compute(at now: Int) {
    member.begin(contributors: [0, 1], buckets: 1)
    _ = member.computedBucket(at: now)
  }

  private mutating func requests(from start: Int, to end: Int) -> [Int] {
    (start...end).filter { !member.tick(at: $0).isEmpty }
  }

  @Test mutating func missingMessageIsRequestedWithExponentialBackoff() {
    compute(at: 0)
    #expect(requests(from: 0, to: 5_000) == [100, 300, 700, 1_500, 3_100, 4_700])
  }

  @Test mutating func arrivingMessageResetsTheTimeout() {
    compute(at: 0)
    #expect(requests(from: 0, to: 400) == [100, 300])
    _ = member.receive(.contribution, .init(step: 5, bucket: 0), from: 1, at: 400)
    compute(at: 500)
    #expect(requests(from: 500, to: 700) == [600])
  }

  @Test(arguments: [0, 4, 6, 7, .max]) mutating func requestsForOtherStepsAreIgnored(step: UInt64) {
    compute(at: 0)
    let piece = ExchangeProtocol.Piece(step: step, bucket: 0)
    let answer = member.receive(.contributionRequest, piece, from: 1, at: 1)
    #expect(answer == (step == 4 ? [.send(.contribution, piece, to: 1)] : []))
  }

  @Test mutating func invalidMessageIsTreatedAsLost() {
    let piece = ExchangeProtocol.Piece(step: 5, bucket: 0)
    compute(at: 0)
    #expect(member.receive(.contribution, piece, from: 1, isValid: false, at: 50).isEmpty)
    #expect(requests(from: 51, to: 150) == [100] && member.waiting?.since == 0)
    #expect(member.receive(.contribution, piece, from: 1, at: 200) == [.keep, .combine(piece), .complete])
    // A message that arrived before its round began.
    let next = ExchangeProtocol.Piece(step: 6, bucket: 0)
    #expect(member.receive(.contribution, next, from: 1, at: 200) == [.keep])
    member.begin(contributors: [0, 1], buckets: 1, invalid: [.init(kind: .contribution, piece: next, sender: 1)])
    #expect(member.computedBucket(at: 210) == [.send(.contribution, next, to: 1)])
    #expect(member.waiting?.for == [1] && member.dropped == 2)
  }
}
