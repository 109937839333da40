internal import CZeroMQ
package import Coordination
internal import Foundation
package import SwiftProtobuf

/// Messages as frames: the protocol buffer, then (for some) a frame of plain bytes. Nothing that comes from outside is believed.
package enum MessageCodec {
  /// Of this protocol. A worker with another one is turned away.
  package static let version: UInt32 = 5
  /// Bytes of a protocol buffer.
  static let limit = 256 << 10

  /// - Returns: nil if it is no message of this protocol, or has numbers out of bounds. Its texts are fit for a terminal.
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
    guard let bytes else { preconditionFailure("a message without required fields can always be written") }
    return Frame(bytes)
  }
}

/// A message between coordinator and worker.
package protocol ClusterMessage: SwiftProtobuf.Message, Sendable, BoundedMessage {
  /// Version of the protocol that the sender speaks.
  var `protocol`: UInt32 { get }
}

extension WorkerMessage: ClusterMessage {}
extension CoordinatorMessage: ClusterMessage {}
