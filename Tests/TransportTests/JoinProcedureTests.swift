import Testing
import Transport

/// The order in which a worker with a token tries addresses and keys.
@Suite struct JoinProcedureTests {
  private let token: JoinToken
  private let first: Endpoint
  private let second: Endpoint

  init() throws {
    (first, second) = (try Endpoint("tcp://a:1"), try Endpoint("tcp://b:2"))
    token = try JoinToken(
      coordinator: KeyPair().publicKey, addresses: [first, second], secret: Secret(), expiry: 1_000)
  }

  /// Returns the actions after each event.
  private func actions(
    isKnown: Bool = false, at time: UInt64 = 1, _ events: [JoinProcedure.Event]
  ) -> [JoinProcedure.Action] {
    var procedure = JoinProcedure(token, isKnown: isKnown)
    return events.map { procedure.handle($0, at: time) }
  }

  @Test func guestEnrollsOnceAndJoins() {
    #expect(
      actions([.start, .connected, .enrolled(name: "w")])
        == [.connect(first, as: .guest), .enroll, .join(first, name: "w")])
  }

  @Test func knownKeyNeedsNoToken() {
    #expect(actions(isKnown: true, [.start, .connected]) == [.connect(first, as: .worker), .join(first, name: nil)])
  }

  @Test func keyThatIsNotAdmittedIsEnrolled() {
    #expect(
      actions(isKnown: true, [.start, .failed, .connected, .enrolled(name: "w")]).suffix(3)
        == [.connect(first, as: .guest), .enroll, .join(first, name: "w")])
  }

  @Test func triesEveryAddressAndWaits() {
    let all = actions([.start, .unreachable, .unreachable, .elapsed, .failed, .connected])
    #expect(all[1] == .connect(second, as: .guest) && all[3] == .connect(first, as: .guest))
    guard case .wait(500, let reason) = all[2] else { return #expect(all[2] == .enroll) }
    #expect(reason.contains("no program listens at tcp://a:1, tcp://b:2"))
    #expect(all[4] == .connect(second, as: .guest) && all[5] == .enroll)
  }

  @Test func waitsLongerEachTimeButAtMostFiveSeconds() {
    var procedure = JoinProcedure(token, isKnown: false)
    _ = procedure.handle(.start, at: 1)
    var waits: [Int] = []
    for _ in 0..<6 {
      _ = procedure.handle(.unreachable, at: 1)
      if case .wait(let time, _) = procedure.handle(.unreachable, at: 1) { waits.append(time) }
      _ = procedure.handle(.elapsed, at: 1)
    }
    #expect(waits == [500, 1_000, 2_000, 4_000, 5_000, 5_000])
  }

  /// The answer to an enrollment is lost with the connection: the key may be enrolled.
  @Test func lostAnswerIsNoSecondEnrollment() {
    let all = actions([.start, .connected, .failed, .unreachable, .elapsed, .connected])
    #expect(all[1] == .enroll && all[4] == .connect(first, as: .worker) && all[5] == .join(first, name: nil))
  }

  @Test func usedTokenOfEnrolledKeyIsNoError() {
    #expect(
      actions([.start, .connected, .failed, .unreachable, .elapsed, .failed, .ended(.used), .connected]).suffix(3)
        == [.connect(first, as: .guest), .connect(first, as: .worker), .join(first, name: nil)])
  }

  @Test(
    arguments: [
      (InvitationEnd.used, 1, "used as often as it allows"),
      (.withdrawn, 1, "revoked, or has expired by the coordinator"),
      (.withdrawn, 1_000, "has expired: create"),
    ] as [(InvitationEnd, UInt64, String)])
  func endedInvitationIsAnError(end: InvitationEnd, time: UInt64, reason: String) {
    for isKnown in [false, true] {
      let events: [JoinProcedure.Event] =
        isKnown ? [.start, .failed, .ended(end), .failed] : [.start, .ended(end)]
      guard case .fail(let text)? = actions(isKnown: isKnown, at: time, events).last else {
        Issue.record("no error")
        continue
      }
      #expect(text.contains(reason) && text.contains("atelier keys invite"), "\(text)")
    }
  }

  @Test func refusalIsAnError() {
    #expect(actions([.start, .connected, .refused(reason: "no")]).last == .fail(reason: "no"))
  }

  // MARK: The coordinator's side

  @Test func guestMaySendOneMessage() {
    var guests = GuestConnections()
    guests.noteOpened(5, at: 0)
    #expect(guests.noteGuest(5, isEnrollment: true, at: 10) == .enroll)
    #expect(guests.noteGuest(5, isEnrollment: true, at: 11) == .close)
    #expect(guests.noteGuest(6, isEnrollment: false, at: 11) == .close)
    #expect(guests.noteGuest(6, isEnrollment: true, at: 12) == .close, "after another message, an enrollment is late")
    guests.noteClosed(5)
    #expect(guests.noteGuest(5, isEnrollment: true, at: 13) == .enroll, "another connection with this number")
  }

  @Test func silentConnectionsAreClosedOnce() {
    var guests = GuestConnections()
    for connection in 1...3 as ClosedRange<Int32> { guests.noteOpened(connection, at: 0) }
    guests.noteWorker(1)
    _ = guests.noteGuest(2, isEnrollment: true, at: 10_000)
    #expect(guests.overdue(at: 15_000).isEmpty)
    #expect(guests.overdue(at: 15_001) == [3])
    #expect(guests.overdue(at: 25_001) == [2], "a guest that remains connected after its message")
    #expect(guests.overdue(at: 1_000_000).isEmpty)
  }
}
