internal import Compute
internal import Foundation
internal import Models

/// Results of fits, keyed by everything that they depend on, so that a resumed search repeats none of them, however it
/// groups them.
package struct KnownFits: Sendable {
  package typealias Fit = (outcome: FitOutcome, time: FitTime)

  private let origin: String
  private var fits: [String: Fit] = [:]

  /// - Parameter dataDigest: of the images
  package init(dataDigest: String, splits: DataSplits, seed: UInt64) {
    origin = "\(dataDigest) \(numericsVersion) scores \(ScoreMetric.definitionsVersion) \(splits) \(seed)"
  }

  /// Returns the part of the key that all splits of a configuration share.
  package func key(_ settings: [String: String], of kind: String, images: Int?) -> String {
    var text = "\(origin) \(kind) \(images.map(String.init) ?? "all")"
    for (name, value) in settings.sorted(by: { $0.key < $1.key }) { text += "\n\(name) \(value)" }
    var digest = Digest()
    digest.update(text)
    return digest.finalize()
  }

  /// The result of a configuration on a split; nil if it is not known.
  package subscript(key: String, split: Int) -> Fit? { fits.isEmpty ? nil : fits["\(key)-\(split)"] }

  // MARK: Storage

  /// The results of one group, with the keys of its members.
  package struct Entry: Sendable {
    /// The key of the first member, which is unique because no fit is stored twice.
    package let key: String
    /// A line of keys, then ``FitResults/bytes``.
    package let payload: [UInt8]

    /// - Parameters:
    ///   - keys: of each member
    ///   - results: of one group
    package init(_ keys: [String], split: Int, _ results: FitResults) {
      let keys = keys.map { "\($0)-\(split)" }
      key = keys[0]
      payload = Array(keys.joined(separator: " ").utf8) + [UInt8(ascii: "\n")] + results.bytes
    }
  }

  /// Adds the payload of an entry.
  /// - Returns: false, without adding anything, if the payload is damaged or was written by another version
  @discardableResult package mutating func add(_ payload: [UInt8]) -> Bool {
    guard let end = payload.firstIndex(of: UInt8(ascii: "\n")) else { return false }
    let keys = payload[..<end].split(separator: UInt8(ascii: " "))
    guard let results = FitResults(bytes: payload[(end + 1)...], counts: [keys.count]) else { return false }
    for (member, key) in keys.enumerated() {
      fits[String(decoding: key, as: UTF8.self)] = (results.outcomes[0][member], results.times[0][member])
    }
    return true
  }
}
