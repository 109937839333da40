internal import CZeroMQ
internal import Foundation

/// A CURVE public or secret key: 32 bytes, in files and messages for people as 40 characters of Z85.
package struct Key: Sendable, Hashable {
  package let bytes: [UInt8]

  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  package init?(z85 text: String) {
    var bytes = [UInt8](repeating: 0, count: 32)
    // libzmq would end at a NUL.
    guard text.utf8.count == 40, !text.utf8.contains(0), zmq_z85_decode(&bytes, text) != nil else { return nil }
    self.bytes = bytes
  }

  package var z85: String {
    var text = [CChar](repeating: 0, count: 41)
    zmq_z85_encode(&text, bytes, bytes.count)
    return String(decoding: text.prefix(40).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension Key {
  /// From a C string.
  fileprivate init(z85 characters: [CChar]) {
    self.init(z85: String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))!
  }
}

/// Who a process is, to others.
package struct KeyPair: Sendable, Equatable {
  package let publicKey: Key
  let secret: Key

  /// A new pair, from the system's random numbers.
  package init() {
    var (publicText, secretText) = ([CChar](repeating: 0, count: 41), [CChar](repeating: 0, count: 41))
    precondition(zmq_curve_keypair(&publicText, &secretText) == 0, "libzmq was built without CURVE")
    publicKey = Key(z85: publicText)
    secret = Key(z85: secretText)
  }

  /// The secret key, for a process of the same user.
  package var secretText: String { secret.z85 }

  package init(secret: Key) {
    self.secret = secret
    var publicText = [CChar](repeating: 0, count: 41)
    zmq_curve_public(&publicText, secret.z85)
    publicKey = Key(z85: publicText)
  }
}

/// What protects a socket.
package enum SocketSecurity: Sendable {
  /// Loopback, ipc and inproc only.
  case none
  /// Lets in whom ``AccessControl`` allows for the domain.
  case server(KeyPair, domain: String)
  case client(KeyPair, server: Key)
}
