internal import Text

/// An invalid setting of a sweep.
package struct SweepError: Error, Equatable, CustomStringConvertible {
  package let description: String
  /// The invalid key of the sweep file or parameter; nil if the error concerns no single key.
  let key: String?

  /// The most characters of an invalid word that an error quotes: the word may be as long as a file.
  static let longestQuotation = 200

  package init(_ description: String, key: String? = nil) { (self.description, self.key) = (description, key) }

  /// The error of a key with a value that is none of the allowed words.
  /// - Parameter place: the key or the option in the error; nil for the key
  init(_ value: String, of key: String, isNoneOf words: [String], place: String? = nil) {
    let guess = value.nearest(among: words).map { "; did you mean \($0)?" } ?? ""
    let quoted = value.prefix(Self.longestQuotation)
    self.init("\(place ?? key) must be \(words.alternatives), not \"\(quoted)\"\(guess)", key: key)
  }

  init(unknown name: String, among names: [String], in place: String, key: String? = nil) {
    self.key = key
    description =
      "\(place) has no \"\(name.prefix(Self.longestQuotation))\"; "
      + (name.nearest(among: names).map { "did you mean \($0)?" } ?? "it has \(names.joined(separator: ", "))")
  }
}
