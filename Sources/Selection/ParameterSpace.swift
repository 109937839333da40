internal import Compute
internal import Foundation
package import Models

/// The values that each parameter may have.
package struct ParameterSpace: Sendable, Equatable, Codable {
  package enum Values: Sendable, Equatable, Codable {
    /// Values as they are written on the command line.
    case list([String])
    /// From low to high, both included; uniform in the logarithm if `isLogarithmic`. Integers if the parameter is an
    /// integer (``isReal(_:_:)``), however the ends are written.
    case range(low: Double, high: Double, isLogarithmic: Bool)
  }

  /// Values by parameter name.
  package let values: [String: Values]

  package init(_ values: [String: Values]) { self.values = values }

  private var names: [String] { values.keys.sorted() }

  /// The number of combinations; nil if there is a range of real numbers.
  package func count(_ kind: ModelKind) -> Int? {
    var count = 1
    for (name, values) in values {
      let values =
        switch values {
        case .list(let list): list.count
        case .range(let low, let high, _):
          Self.isReal(name, kind) ? nil : Int(exactly: high.rounded(.down) - low.rounded(.up)).map { max($0 + 1, 0) }
        }
      guard let values else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: values)
      count = overflow ? .max : product
    }
    return count
  }

  var hasRange: Bool { values.values.contains { if case .range = $0 { true } else { false } } }

  /// Returns all combinations in the order of scikit-learn's `ParameterGrid`: names are sorted, and the last one
  /// changes fastest. ``count(_:)`` must not be nil.
  func grid(_ kind: ModelKind) -> [Configuration] {
    var combinations: [[Configuration.Parameter]] = [[]]
    for name in names {
      let list: [String]
      switch values[name]! {
      case .list(let values): list = values
      case .range(let low, let high, _):
        list = stride(from: low.rounded(.up), through: high, by: 1).map { "\(Int($0))" }
      }
      combinations = combinations.flatMap { before in list.map { before + [Configuration.Parameter(name, $0)] } }
    }
    return combinations.map { Configuration(kind, $0) }
  }

  /// Returns sample `number` of a random search.
  func sample(_ number: Int, of kind: ModelKind, seed: UInt64) -> Configuration {
    let parameters = names.enumerated().map { place, name in
      let words = Philox.words(
        seed: seed, .search, UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: place), 0)
      let fraction = Double(UInt64(words[0]) << 21 | UInt64(words[1]) >> 11) * 0x1p-53
      switch values[name]! {
      case .list(let list):
        return Configuration.Parameter(name, list[min(Int(fraction * Double(list.count)), list.count - 1)])
      case .range(let low, let high, let isLogarithmic):
        return Configuration.Parameter(
          name, Self.text(fraction, low, high, isLogarithmic, isInteger: !Self.isReal(name, kind)))
      }
    }
    return Configuration(kind, parameters)
  }

  /// Returns the value at a fraction, from 0 to 1, of a parameter's range.
  static func text(
    _ fraction: Double, _ low: Double, _ high: Double, _ isLogarithmic: Bool, isInteger: Bool
  ) -> String {
    // Every integer, including the highest, covers an interval of equal width.
    let (first, last) = isInteger ? (low, high + 1) : (low, high)
    let value =
      isLogarithmic ? exp(log(first) + fraction * (log(last) - log(first))) : first + fraction * (last - first)
    // Four digits do not depend on the last digits of the C library's logarithm.
    return isInteger ? "\(Int(min(value.rounded(.down), high)))" : String(format: "%.4g", min(max(value, low), high))
  }
}
