import Foundation
import Synchronization

/// A program that listens on a loopback port and is not a coordinator. It ends with its owner.
final class OtherProgram: Sendable {
  let port: UInt16
  private let descriptor: Int32
  private let ended = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - greeting: sent on each new connection
  ///   - answer: sent after data was received
  ///   - closes: whether the connection is closed afterwards
  init(greeting: String = "", answer: String = "", closes: Bool = false) {
    let (listening, port) = boundLoopbackSocket()
    _ = listen(listening, 16)
    (descriptor, self.port) = (listening, port)
    Thread.detachNewThread { [ended] in
      var open: [Int32] = []
      while case let client = accept(listening, nil, nil), client >= 0 {
        open.append(client)
        func say(_ text: String) { _ = send(client, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }
        say(greeting)
        guard !answer.isEmpty || closes else { continue }
        var bytes = [UInt8](repeating: 0, count: 256)
        if !answer.isEmpty, recv(client, &bytes, bytes.count, 0) > 0 { say(answer) }
        if closes { shutdown(client, Int32(SHUT_RDWR)) }
      }
      for client in open { close(client) }
      ended.signal()
    }
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    ended.wait()
    close(descriptor)
  }
}
