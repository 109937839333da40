internal import Compute
internal import Files
internal import Foundation

/// Carries out the actions of a ``RemoteConversation`` through the pipes of an ssh process: sends texts and files, and
/// splits the output into lines. Confined to one thread.
package struct RemoteSession {
  package enum Event {
    case continues
    case isReady(RemoteWorker.Facts)
    case failed(String)
    /// Nothing was sent or received for ``timeout``, although the host has something to do.
    case hangs
    /// - Parameter signal: the signal that ended ssh itself; nil if none did
    case ended(status: Int32, signal: Int32?, lines: [String])
  }

  private enum Item {
    case bytes(ArraySlice<UInt8>)
    case file(ProgramFiles.File, offset: Int)
  }

  private let child: ChildProcess
  private var conversation: RemoteConversation
  private var queue: [Item] = []
  private var line: [UInt8] = []
  private var lines: [String] = []
  private var isOutputOpen = true
  private var isRunning = false
  private var isWaiting = false
  private var lastTransfer = milliseconds()
  private var lastSign = milliseconds()

  /// In milliseconds.
  private static let timeout = 60_000
  /// The interval of the signs of life that the worker expects on its standard input, in milliseconds.
  private static let signInterval = 10_000
  private static let maxLine = 4_096
  private static let maxPendingBytes = 1 << 20

  var hasBegun: Bool { conversation.hasBegun }

  package init(_ child: ChildProcess, files: ProgramFiles, script: String) {
    self.child = child
    conversation = RemoteConversation(files)
    queue = [.bytes(Array(script.utf8)[...])]
  }

  /// Starts the worker, which reads the invitation from standard input.
  package mutating func run(_ invitation: RemoteWorker.Invitation) {
    send("run \(invitation.exchange ?? "")\n\(invitation.token)\n")
    (isRunning, isWaiting, lastSign) = (true, false, milliseconds())
  }

  private mutating func send(_ text: String) { queue.append(.bytes(Array(text.utf8)[...])) }

  /// Transfers what can be transferred, waits briefly if that is nothing, and returns the next event.
  package mutating func advance() -> Event {
    let now = milliseconds()
    if isRunning, now - lastSign >= Self.signInterval {
      lastSign = now
      if queue.isEmpty { send("\n") }
    }
    let isBusy = write()
    if let event = read() { return event }
    if let status = child.exitStatus {
      // The pipe may still hold output. A shared connection of ssh (ControlPersist) keeps it open.
      if let event = read() { return event }
      return .ended(status: status, signal: child.signal, lines: conversation.lastLines)
    }
    if !isOutputOpen {
      usleep(5_000)
    } else if !isBusy {
      child.wait(milliseconds: isWaiting ? 10 : 50, forWriting: !queue.isEmpty)
    }
    let isIdle = isRunning || isWaiting
    return !isIdle && milliseconds() - lastTransfer > Self.timeout ? .hangs : .continues
  }

  /// - Returns: whether something was written
  private mutating func write() -> Bool {
    guard let first = queue.first else { return false }
    switch first {
    case .bytes(let bytes):
      guard let count = child.write(bytes) else {
        // The program has closed its input, and ends.
        queue = []
        return false
      }
      if count == 0 { return false }
      if count == bytes.count { queue.removeFirst() } else { queue[0] = .bytes(bytes.dropFirst(count)) }
    case .file(let file, let offset):
      guard let bytes = Self.part(of: file, at: offset), !bytes.isEmpty else {
        // Less than announced: the host detects it when the input ends.
        child.closeInput()
        queue = []
        return false
      }
      queue[0] = offset + bytes.count < file.size ? .file(file, offset: offset + bytes.count) : .bytes([])
      if offset + bytes.count >= file.size { queue.removeFirst() }
      queue.insert(.bytes(bytes[...]), at: 0)
    }
    lastTransfer = milliseconds()
    return true
  }

  private static func part(of file: ProgramFiles.File, at offset: Int) -> [UInt8]? {
    let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return try? [UInt8](atMost: min(maxPendingBytes, file.size - offset)) { buffer throws(SystemError) in
      try FileTransfer.read(buffer, from: descriptor, at: offset)
    }
  }

  private mutating func read() -> Event? {
    while lines.isEmpty, isOutputOpen {
      guard let bytes = child.read() else {
        isOutputOpen = false
        if !line.isEmpty { endLine() }
        break
      }
      if bytes.isEmpty { break }
      lastTransfer = milliseconds()
      for byte in bytes {
        if byte == UInt8(ascii: "\n") {
          endLine()
        } else if byte != UInt8(ascii: "\r"), line.count < Self.maxLine {
          line.append(byte)
        }
      }
    }
    while !lines.isEmpty {
      for action in conversation.handle(lines.removeFirst()) {
        switch action {
        case .send(let text): send(text)
        case .sendFile(let file): queue.append(.file(file, offset: 0))
        case .beReady:
          isWaiting = true
          return .isReady(
            RemoteWorker.Facts(
              coordinatorAddress: conversation.coordinatorAddress, ownAddress: conversation.ownAddress,
              tunnelPort: conversation.tunnelPort))
        case .fail(let reason): return .failed(reason)
        }
      }
    }
    return nil
  }

  private mutating func endLine() {
    lines.append(String(decoding: line, as: UTF8.self))
    line = []
  }
}
