internal import ArgumentParser

/// A group of options that are generated at run time, each with a text as its value.
///
/// swift-argument-parser finds the options of a group by reflection of its properties; here, the mirror contains the
/// generated options instead.
protocol GeneratedOptions: ParsableArguments, CustomReflectable {
  /// The options, by name, in the order of the help.
  static var options: [(name: String, option: Option<String?>)] { get }

  /// The texts that the user gave, by name.
  var values: [String: String] { get set }
}

extension GeneratedOptions {
  init(from decoder: any Decoder) throws {
    self.init()
    let container = try decoder.container(keyedBy: OptionName.self)
    for (name, _) in Self.options {
      values[name] = try container.decode(Option<String?>.self, forKey: OptionName(stringValue: name)).wrappedValue
    }
  }

  var customMirror: Mirror { Mirror(self, children: Self.options.map { (label: $0.name, value: $0.option) }) }

  /// Returns the text of an error, with the name of the option if the text begins with that of a given value.
  func attributing(_ text: String) -> String {
    values.keys.contains { text.hasPrefix("\($0) ") || text.hasPrefix("\($0):") } ? "--\(text)" : text
  }

  /// The given options, in the order of the help, for errors.
  var givenNames: [String] { Self.options.filter { values[$0.name] != nil }.map { "--\($0.name)" } }
}

private struct OptionName: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
