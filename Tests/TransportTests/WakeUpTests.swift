import Foundation
import Synchronization
import Testing
import Transport

@Suite struct WakeUpTests {
  /// Starts a thread that waits on its own socket, much longer than the timeout of the test.
  private func waiting(for wakeUp: WakeUp, ended: DispatchSemaphore) {
    Thread {
      guard let context = try? SocketContext(), let socket = try? Socket(.pull, in: context) else { return }
      socket.wait(milliseconds: 60_000, descriptor: wakeUp.descriptor)
      ended.signal()
    }.start()
  }

  @Test func anotherThreadWakesAWaitingSocket() throws {
    let (wakeUp, ended) = (try WakeUp(), DispatchSemaphore(value: 0))
    waiting(for: wakeUp, ended: ended)
    // The thread usually waits by now; it also wakes if it does not wait yet.
    #expect(ended.wait(timeout: .now() + .milliseconds(50)) == .timedOut)
    wakeUp.wake()
    #expect(ended.wait(timeout: .now() + 20) == .success)
  }

  @Test func earlyWakeUpEndsTheNextWait() throws {
    let (wakeUp, ended) = (try WakeUp(), DispatchSemaphore(value: 0))
    wakeUp.wake()
    waiting(for: wakeUp, ended: ended)
    #expect(ended.wait(timeout: .now() + 20) == .success)
  }

  /// More wake-ups than a pipe holds: writing does not block, and nothing is left in the pipe.
  @Test(arguments: [1, 255, 256, 257, 100_000]) func waitBlocksAgainAfterReset(wakes: Int) throws {
    let wakeUp = try WakeUp()
    #expect(!isAwake(wakeUp))
    for _ in 0..<wakes { wakeUp.wake() }
    #expect(isAwake(wakeUp))
    wakeUp.reset()
    #expect(!isAwake(wakeUp))
    wakeUp.wake()
    #expect(isAwake(wakeUp))
  }

  private func isAwake(_ wakeUp: WakeUp) -> Bool {
    var item = pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&item, 1, 0) == 1
  }

  @Test func messageEndsWait() throws {
    let context = try SocketContext()
    let endpoint = try Endpoint("inproc://tested")
    let (ready, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let received = Mutex(0)
    Thread { [context] in
      guard let socket = try? Socket(.pull, in: context), let wakeUp = try? WakeUp() else { return }
      _ = try? socket.bind(endpoint)
      ready.signal()
      socket.wait(milliseconds: 60_000, descriptor: wakeUp.descriptor)
      received.withLock { $0 = socket.receive(frames: 1)?.count ?? 0 }
      ended.signal()
    }.start()
    ready.wait()
    let sender = try Peer(.push, in: context)
    try sender.connect(endpoint)
    sender.send("wake up")
    #expect(ended.wait(timeout: .now() + 20) == .success)
    #expect(received.withLock { $0 } == 1)
  }
}
