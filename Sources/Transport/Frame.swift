internal import CZeroMQ
package import Coordination

/// One frame of a message: bytes that libzmq owns.
package final class Frame {
  let message: UnsafeMutablePointer<zmq_msg_t>
  /// The location at which other processes of this host can read the bytes; nil if they are not in shared memory.
  package let shared: SharedBytes?
  /// For bytes in another process's memory: whether that process has not reused the memory since.
  private let isThere: (@Sendable () -> Bool)?

  init() {
    (shared, isThere) = (nil, nil)
    message = .allocate(capacity: 1)
    zmq_msg_init(message)
  }

  /// - Parameter write: fills all `count` bytes.
  package init(count: Int, _ write: (UnsafeMutableRawPointer) -> Void) {
    (shared, isThere) = (nil, nil)
    message = .allocate(capacity: 1)
    precondition(zmq_msg_init_size(message, count) == 0, "no memory for a message of \(count) bytes")
    if count > 0 { write(zmq_msg_data(message)!) }
  }

  /// Wraps bytes in memory that libzmq does not own, without a copy.
  /// - Parameters:
  ///   - isThere: whether the bytes are still valid; nil if the memory belongs to this process
  ///   - release: called on any thread when neither this frame nor libzmq needs the bytes any more
  init(
    _ bytes: UnsafeMutableRawBufferPointer, shared: SharedBytes? = nil, isThere: (@Sendable () -> Bool)? = nil,
    release: @escaping @Sendable () -> Void
  ) {
    (self.shared, self.isThere) = (shared, isThere)
    message = .allocate(capacity: 1)
    let box = Unmanaged.passRetained(ReleaseAction(release))
    let status = zmq_msg_init_data(
      message, bytes.baseAddress, bytes.count,
      { _, box in Unmanaged<ReleaseAction>.fromOpaque(box!).takeRetainedValue().action() },
      box.toOpaque())
    precondition(status == 0, "no memory for a message")
  }

  package convenience init(_ bytes: some Collection<UInt8>) {
    self.init(count: bytes.count) { target in
      UnsafeMutableRawBufferPointer(start: target, count: bytes.count).copyBytes(from: bytes)
    }
  }

  deinit {
    zmq_msg_close(message)
    message.deallocate()
  }

  package var count: Int { zmq_msg_size(message) }

  /// Whether the bytes belong to this process, and may be written to.
  package var isOwn: Bool { isThere == nil }

  /// Whether all bytes read until now were the bytes that the sender wrote.
  package var isWhole: Bool { isThere?() ?? true }

  /// Calls `body` with the bytes, without a copy; they must not be used after `body` has returned.
  package func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // Swift keeps an object only until its last use, so the frame could be released while its bytes are read.
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message)))
  }

  /// The maximum number of bytes sent in one frame.
  static let mostAtOnce = 1 << 20

  /// The bytes as frames of at most ``mostAtOnce`` bytes, without a copy.
  package var pieces: [Frame] {
    guard count > Self.mostAtOnce, let start = zmq_msg_data(message) else { return [self] }
    return stride(from: 0, to: count, by: Self.mostAtOnce).map { offset in
      // Safe: pieces only read the bytes, and each piece keeps the whole frame alive.
      nonisolated(unsafe) let whole = self
      let piece = UnsafeMutableRawBufferPointer(start: start + offset, count: min(Self.mostAtOnce, count - offset))
      return Frame(piece, release: { withExtendedLifetime(whole) {} })
    }
  }

  /// Returns one frame with the concatenated bytes of `frames`.
  package static func joining(_ frames: some Collection<Frame>) -> Frame {
    if frames.count == 1, let only = frames.first { return only }
    return Frame(count: frames.reduce(0) { $0 + $1.count }) { target in
      var place = target
      for frame in frames {
        frame.withBytes { bytes in
          guard let start = bytes.baseAddress else { return }
          place.copyMemory(from: start, byteCount: bytes.count)
          place += bytes.count
        }
      }
    }
  }

  /// A copy of the bytes.
  package var array: [UInt8] { withBytes { Array($0) } }

  /// The address of the host that sent the frame; nil if the sender is on this machine.
  package var peerAddress: String? {
    guard let text = zmq_msg_gets(message, "Peer-Address") else { return nil }
    let address = String(cString: text)
    return address.isEmpty ? nil : address.withoutIPv6Form
  }

  /// Who sent the frame, if access control has admitted the peer; nil without access control.
  package var sender: FrameSender? {
    zmq_msg_gets(message, "User-Id").flatMap { FrameSender(text: String(cString: $0)) }
  }

  /// The connection that delivered the frame, as in ``ConnectionMonitor/Event/closed(connection:)``; nil within the
  /// process.
  package var connection: Int32? {
    let descriptor = zmq_msg_get(message, ZMQ_SRCFD)
    return descriptor >= 0 ? descriptor : nil
  }
}

private final class ReleaseAction: Sendable {
  let action: @Sendable () -> Void

  init(_ action: @escaping @Sendable () -> Void) { self.action = action }
}
