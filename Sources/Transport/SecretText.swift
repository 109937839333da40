internal import CSodium
internal import Compute
internal import Foundation

/// 32 random bytes from which key pairs are derived.
package struct Secret: Sendable, Equatable {
  static let count = 32
  let bytes: [UInt8]

  /// Generates a secret from the system's random numbers.
  package init() {
    var bytes = [UInt8](repeating: 0, count: Self.count)
    randombytes_buf(&bytes, bytes.count)
    self.bytes = bytes
  }

  init?(text: some StringProtocol) {
    guard let bytes = [UInt8](base64URL: text), bytes.count == Self.count else { return nil }
    self.bytes = bytes
  }

  var text: String { bytes.base64URL }

  /// The purposes of derived keys. Keys of different purposes reveal nothing about each other.
  enum Purpose: String {
    case guest = "atel-gst"
    case coordinator = "atel-crd"
    case worker = "atel-wrk"
  }

  /// Returns the curve25519 key pair for a purpose, whose secret key is a subkey by libsodium's `crypto_kdf`
  /// (BLAKE2b with the purpose as its personalization).
  func keyPair(for purpose: Purpose) -> KeyPair {
    var subkey = [UInt8](repeating: 0, count: Self.count)
    let status = crypto_kdf_derive_from_key(&subkey, subkey.count, 1, purpose.rawValue, bytes)
    precondition(status == 0, "libsodium derives keys of 32 bytes")
    return KeyPair(secret: Key(bytes: subkey)!)
  }
}

/// The kinds of text that hold a secret.
package enum SecretText: Sendable, CaseIterable {
  case joinToken, jobSecret

  private var prefix: String {
    switch self {
    case .joinToken: JoinToken.prefix
    case .jobSecret: JobSecret.prefix
    }
  }

  /// The number of characters after the version that are not those of a file name such as `atelier-job-1.safetensors`.
  private static let fewestCharacters = 16

  /// Returns the kind of secret that a text contains, whole or truncated, of any version; nil if it contains none.
  package static func kind(in text: String) -> SecretText? {
    allCases.first { kind in
      text.ranges(of: kind.prefix).contains { range in
        let rest = text[range.upperBound...].drop { $0.isASCII && $0.isNumber }
        return rest.first == "." && rest.dropFirst().prefix(while: isBase64URL).count >= fewestCharacters
      }
    }
  }

  private static func isBase64URL(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || "-_".contains(character))
  }
}

/// The checksum at the end of a secret's text, which detects truncation and typing errors.
enum TextChecksum {
  private static let count = 6

  static func of(_ text: String) -> String {
    Array(Array(text.utf8).withUnsafeBytes { checksum(of: $0) }.prefix(count)).base64URL
  }
}

extension [UInt8] {
  /// The bytes as Base64 for URLs (RFC 4648, section 5), without padding.
  var base64URL: String {
    Data(self).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// - Returns: nil unless the text is exactly what ``base64URL`` writes.
  init?(base64URL text: some StringProtocol) {
    let standard = String(text).replacing("-", with: "+").replacing("_", with: "/")
    let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
    guard let data = Data(base64Encoded: standard + padding) else { return nil }
    self = Array(data)
    guard base64URL == text else { return nil }
  }
}
