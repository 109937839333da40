internal import CZeroMQ
package import Coordination
internal import Foundation
package import SwiftProtobuf

/// Converts messages to and from frames: the protocol buffer, then, for some messages, a frame of plain bytes. Received
/// bytes are untrusted.
package enum MessageCodec {
  /// The version of the protocol. A worker with another version is refused.
  package static let version: UInt32 = 7
  /// The maximum size of a protocol buffer, in bytes.
  static let limit = 256 << 10

  /// Decodes a message and makes its texts safe to print on a terminal.
  /// - Returns: nil if the frame is not a message of this protocol, or holds numbers out of bounds
  package static func decode<Body: ClusterMessage>(_ frame: Frame) -> Body? {
    guard frame.count <= limit, frame.count > 0 else { return nil }
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = 8
    options.discardUnknownFields = true
    guard var message = try? Body(serializedBytes: frame.array, options: options), message.isWithinBounds else {
      return nil
    }
    message.cleanTexts()
    return message
  }

  package static func encode(_ message: some ClusterMessage) -> Frame {
    let bytes: [UInt8]? = try? message.serializedBytes()
    guard let bytes else { preconditionFailure("a message without required fields can always be encoded") }
    return Frame(bytes)
  }
}

/// A message between coordinator and worker.
package protocol ClusterMessage: SwiftProtobuf.Message, Sendable, BoundedMessage {
  /// The protocol version of the sender.
  var `protocol`: UInt32 { get }
}

extension WorkerMessage: ClusterMessage {}
extension CoordinatorMessage: ClusterMessage {}
