internal import CZeroMQ
internal import Foundation

/// A CURVE public or secret key: 32 bytes, written as 40 characters of Z85 in files and messages.
package struct Key: Sendable, Hashable {
  package let bytes: [UInt8]

  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  package init?(z85 text: String) {
    var bytes = [UInt8](repeating: 0, count: 32)
    // libzmq would stop at a NUL.
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
  /// Creates a key from a C string in Z85.
  fileprivate init(z85 characters: [CChar]) {
    self.init(z85: String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))!
  }
}

/// The identity of a process towards its peers.
package struct KeyPair: Sendable, Equatable {
  package let publicKey: Key
  let secret: Key

  /// Generates a new pair from the system's random numbers.
  package init() {
    var (publicText, secretText) = ([CChar](repeating: 0, count: 41), [CChar](repeating: 0, count: 41))
    precondition(zmq_curve_keypair(&publicText, &secretText) == 0, "libzmq was built without CURVE")
    publicKey = Key(z85: publicText)
    secret = Key(z85: secretText)
  }

  /// The secret key in Z85, to be passed to a process of the same user.
  package var secretText: String { secret.z85 }

  package init(secret: Key) {
    self.secret = secret
    var publicText = [CChar](repeating: 0, count: 41)
    zmq_curve_public(&publicText, secret.z85)
    publicKey = Key(z85: publicText)
  }
}

/// How a socket authenticates and encrypts its connections.
package enum SocketSecurity: Sendable {
  /// No protection: for loopback, ipc and inproc only.
  case none
  /// Accepts the keys that ``AccessControl`` allows for the domain.
  case server(KeyPair, domain: String)
  case client(KeyPair, server: Key)
}
