internal import Text

/// The rules for names in manifests.
enum KubernetesName {
  /// The name of a Service: a DNS label of RFC 1035.
  case service
  /// The name of a namespace: a DNS label of RFC 1123, which may begin with a digit.
  case label
  /// The name of most objects: a DNS subdomain of RFC 1123, labels that are separated by dots.
  case subdomain
  /// A reference to a container image: `registry:port/name:tag@digest`, of which only a name is required.
  case image

  /// - Parameter length: the greatest length; nil for the usual one
  /// - Throws: ``ManifestError`` if the name is not well-formed or too long
  func check(_ name: String, of option: String, atMost length: Int? = nil) throws(ManifestError) {
    let length = length ?? usualLength
    guard name.utf8.count <= length, isWellFormed(name) else {
      throw ManifestError(
        "invalid name '\(name.printable)' for \(option): expected at most \(length) characters: \(rule)")
    }
  }

  private var usualLength: Int {
    switch self {
    case .service, .label: 63
    case .subdomain: 253
    case .image: 512
    }
  }

  private var rule: String {
    switch self {
    case .service: "lowercase letters, digits and '-', beginning with a letter, and ending with a letter or digit"
    case .label: "lowercase letters, digits and '-', beginning and ending with a letter or digit"
    case .subdomain:
      "lowercase letters, digits, '-' and '.', with a letter or digit at the beginning, at the end and beside each '.'"
    case .image: "a reference like registry.example/name:tag"
    }
  }

  private func isWellFormed(_ name: String) -> Bool {
    switch self {
    case .service: name.wholeMatch(of: #/[a-z]([-a-z0-9]*[a-z0-9])?/#) != nil
    case .label: name.wholeMatch(of: #/[a-z0-9]([-a-z0-9]*[a-z0-9])?/#) != nil
    case .subdomain:
      name.wholeMatch(of: #/[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/#) != nil
    case .image:
      // The grammar of github.com/distribution/reference, where a registry with capital letters is a host name.
      name.wholeMatch(
        of:
          #/
          (
            ([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])
            (:[0-9]+)?\/
          )?
          [a-z0-9]+((\.|__?|-+)[a-z0-9]+)*
          (\/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*
          (:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?
          (@[A-Za-z][A-Za-z0-9]*([-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?
          /#) != nil
    }
  }
}
