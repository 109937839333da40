internal import Text

/// The types of settings.
extension Setting {
  package typealias Path<Value> = any WritableKeyPath<Settings, Value> & Sendable

  package init(
    _ name: String, _ values: SettingValues, help: String, defaultNote: String? = nil,
    read: @escaping @Sendable (inout Settings, String) -> Bool, write: @escaping @Sendable (Settings) -> String
  ) {
    self.init(
      facts: SettingFacts(name: name, help: help, values: values, defaultNote: defaultNote), read: read, write: write)
  }

  /// A setting whose text is parsed by `parse`, which returns nil for a value that is not allowed.
  package init<Value>(
    _ name: String, _ path: Path<Value>, _ values: SettingValues, help: String,
    parse: @escaping @Sendable (String) -> Value?, text: @escaping @Sendable (Value) -> String
  ) {
    self.init(
      name, values, help: help,
      read: { settings, text in
        guard let value = parse(text) else { return false }
        settings[keyPath: path] = value
        return true
      }, write: { text($0[keyPath: path]) })
  }

  package static func integer(
    _ name: String, _ path: Path<Int>, in range: ClosedRange<Int>, help: String
  ) -> Setting {
    Setting(
      name, path, SettingValues(kind: .integer, allowed: allowed(range), placeholder: "n"), help: help,
      parse: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }, text: { "\($0)" })
  }

  /// An integer, or `none`.
  package static func integer(
    _ name: String, _ path: Path<Int?>, in range: ClosedRange<Int>, help: String
  ) -> Setting {
    Setting(
      name, path, SettingValues(kind: .integer, allowed: "none or \(allowed(range))", placeholder: "n|none"),
      help: help,
      parse: { text in
        text == "none" ? .some(nil) : Int(text).flatMap { range.contains($0) ? .some($0) : nil }
      }, text: { $0.map { "\($0)" } ?? "none" })
  }

  private static func allowed(_ range: ClosedRange<Int>) -> String {
    "an integer from \(range.lowerBound)" + (range.upperBound == .max ? "" : " to \(range.upperBound)")
  }

  package static func number<Value: BinaryFloatingPoint & LosslessStringConvertible & Sendable>(
    _ name: String, _ path: Path<Value>, in range: NumberRange,
    placeholder: String, help: String
  ) -> Setting {
    Setting(
      name, path, SettingValues(kind: .real, allowed: range.text, placeholder: placeholder), help: help,
      parse: { text in Value(text).flatMap { range.contains(Double($0)) ? $0 : nil } }, text: { "\($0)" })
  }

  package static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: Path<Value>, help: String
  ) -> Setting {
    Setting(
      name, path, words(Value.allCases.map(\.rawValue)), help: help, parse: Value.init(rawValue:),
      text: { $0.rawValue })
  }

  package static func flag(_ name: String, _ path: Path<Bool>, help: String) -> Setting {
    Setting(name, path, words(["true", "false"]), help: help, parse: { Bool($0) }, text: { "\($0)" })
  }

  private static func words(_ words: [String]) -> SettingValues {
    SettingValues(kind: .words(words), allowed: words.alternatives, placeholder: words.joined(separator: "|"))
  }

  package static func seed(_ path: Path<UInt64>) -> Setting {
    Setting(
      "seed", path,
      SettingValues(kind: .integer, allowed: "an integer from 0 to 2^64 - 1", placeholder: "n"),
      help: "Random seed", parse: { UInt64($0) }, text: { "\($0)" })
  }

  /// Integers separated by commas, or `none` for the empty list, if that is allowed.
  package static func integers(
    _ name: String, _ path: Path<[Int]>, _ range: ClosedRange<Int>,
    count: ClosedRange<Int>, help: String
  ) -> Setting {
    let (none, least) = count.lowerBound == 0 ? ("none or ", 1) : ("", count.lowerBound)
    let allowed = "\(none)\(least) to \(count.upperBound) integers from \(range.lowerBound) to \(range.upperBound)"
    return Setting(
      name, path, SettingValues(kind: .list, allowed: allowed, placeholder: "n,n,…"), help: help,
      parse: { text in
        guard let numbers = integerList(text, atMost: count.upperBound), count.contains(numbers.count) else {
          return nil
        }
        return numbers.allSatisfy(range.contains) ? numbers : nil
      }, text: { $0.isEmpty ? "none" : $0.map { "\($0)" }.joined(separator: ",") })
  }

  /// The setting as part of other settings, which contain these.
  package func nested<Outer>(at path: any WritableKeyPath<Outer, Settings> & Sendable) -> Setting<Outer> {
    Setting<Outer>(
      facts: facts, read: { [read] in read(&$0[keyPath: path], $1) }, write: { [write] in write($0[keyPath: path]) })
  }
}

/// Parses integers separated by commas; `none` is the empty list. Returns nil for other text, and for longer lists.
package func integerList(_ text: String, atMost count: Int) -> [Int]? {
  if text == "none" { return [] }
  let words = text.split(separator: ",", maxSplits: count, omittingEmptySubsequences: false)
  let numbers = words.compactMap { Int($0) }
  return numbers.count == words.count && numbers.count <= count ? numbers : nil
}
