import Coordination
import SwiftProtobuf
import Testing

/// The numbers of messages are checked, and their texts cleaned, when they arrive.
struct MessageBoundsTests {
  private func status(_ change: (inout WorkerStatus) -> Void) -> WorkerMessage {
    .with { message in
      message.worker = .max
      message.status = .with(change)
    }
  }

  private func membership(_ change: (inout Membership) -> Void) -> WorkerMessage {
    status { $0.membership = .with(change) }
  }

  @Test func realisticValuesAreWithinBounds() {
    let message = membership {
      ($0.job, $0.generation, $0.step, $0.agreedStep) = (1 << 52, 1_000, 1 << 40, 1 << 40)
      ($0.progress.epochs, $0.progress.total, $0.progress.loss) = (100_000, 1 << 33, .nan)
      $0.progress.validationAccuracy = -1
      $0.comparisons = [.with { ($0.step, $0.tensorDigests) = (1 << 40, [.max]) }]
    }
    #expect(message.isWithinBounds)
  }

  private static var fields: [WritableKeyPath<Membership, UInt64>] {
    [
      \.generation, \.step, \.agreedStep, \.waitedMilliseconds, \.bytesSent, \.droppedMessages, \.progress.epoch,
      \.progress.epochs, \.progress.done, \.progress.total,
    ]
  }

  @Test func extremeMembershipNumbersAreInvalid() {
    for field in Self.fields {
      for extreme in [UInt64.max, 1 << 63, 1 << 60] {
        #expect(!membership { $0[keyPath: field] = extreme }.isWithinBounds)
      }
    }
  }

  @Test func extremeNumbersAreInvalid() {
    #expect(!status { $0.number = .max }.isWithinBounds)
    #expect(!status { $0.tasksDone = .max }.isWithinBounds)
    #expect(!status { $0.profile.threads = .max }.isWithinBounds)
    #expect(!membership { $0.progress.validationAccuracy = .infinity }.isWithinBounds)
    #expect(!WorkerMessage.with { $0.checkpoint.step = .max }.isWithinBounds)
    #expect(!WorkerMessage.with { $0.result.bytes.count = .max }.isWithinBounds)
    #expect(!WorkerMessage.with { $0.uploadPart.offset = .max }.isWithinBounds)
    let orders = CoordinatorMessage.with { message in
      message.orders.chunks = [.with { ($0.first, $0.count) = (.max, .max) }]
    }
    #expect(!orders.isWithinBounds)
    #expect(!ExchangeHeader.with { $0.step = .max }.isWithinBounds)
  }

  @Test func controlCharactersAreRemoved() {
    var message = status {
      $0.profile.host = "node\u{1B}[2J\u{202E}1\n"
      $0.error.reason = String(repeating: "x", count: 1_000_000)
    }
    message.cleanTexts()
    #expect(message.status.profile.host == "node\u{FFFD}[2J\u{FFFD}1\u{FFFD}")
    #expect(message.status.error.reason.count < 3_000)
  }
}
