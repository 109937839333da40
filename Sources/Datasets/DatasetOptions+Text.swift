internal import Text

/// The options that determine the images of a data set, as text: the options of commands, the keys of sweep files, and
/// what is saved in order to load the same images again.
extension DatasetOptions {
  package enum Name: String, Sendable, CaseIterable {
    case size
    case fit
    case color
    case background
    case damaged
    case test
    case splitSeed = "split-seed"
    case label
    case arrays
    case transpose
  }

  /// What happens with damaged image files.
  package enum Damaged: String, CaseIterable {
    case skip
    case stop
  }

  /// The options that apply to some formats only, if they are given.
  var formatOptions: Set<Name> {
    let names: [Name] = [.label, .arrays, .transpose]
    let given = text
    return Set(names.filter { given[$0.rawValue] != nil })
  }

  /// The values that are not the defaults, by name.
  package var text: [String: String] {
    let standard = DatasetOptions()
    var text: [String: String] = [:]
    for name in Name.allCases where value(of: name) != standard.value(of: name) {
      text[name.rawValue] = value(of: name)
    }
    return text
  }

  /// - Parameter text: values by name
  /// - Throws: ``DatasetOptionError`` for the first unknown name or invalid value, in the order of names
  package init(text: [String: String]) throws(DatasetOptionError) {
    self.init()
    for (name, value) in text.sorted(by: { $0.key < $1.key }) {
      guard let known = Name(rawValue: name) else {
        throw DatasetOptionError(
          name: name, reason: "is not an option of data sets; expected \(Name.allCases.map(\.rawValue).alternatives)")
      }
      try set(known, to: value)
    }
  }

  private func value(of name: Name) -> String? {
    switch name {
    case .size: conversion.size?.description
    case .fit: conversion.fit.rawValue
    case .color: conversion.color.rawValue
    case .background: conversion.background.description
    case .damaged: (skipsDamaged ? Damaged.skip : .stop).rawValue
    case .test: "\(testFraction)"
    case .splitSeed: "\(seed)"
    case .label: labelColumn
    case .arrays: arrays?.description
    case .transpose: "\(isTransposed)"
    }
  }

  /// Sets an option.
  /// - Throws: ``DatasetOptionError`` if the value is invalid.
  package mutating func set(_ name: Name, to text: String) throws(DatasetOptionError) {
    func parse<Value>(_ expected: String, _ value: Value?) throws(DatasetOptionError) -> Value {
      if let value { return value }
      throw DatasetOptionError(name: name.rawValue, reason: "must be \(expected), not \"\(text.prefix(80))\"")
    }
    func choice<Value: RawRepresentable<String> & CaseIterable>(
      _ type: Value.Type
    ) throws(DatasetOptionError) -> Value {
      try parse(Value.allCases.map(\.rawValue).alternatives, Value(rawValue: text))
    }
    switch name {
    case .size:
      conversion.size = try parse(
        "one side or HEIGHTxWIDTH, from 1 to \(DatasetLimits.side), for example 64 or 48x64",
        try? ImageSize(parsing: text))
    case .fit: conversion.fit = try choice(ImageConversion.Fit.self)
    case .color: conversion.color = try choice(ImageConversion.Color.self)
    case .background:
      conversion.background = try parse(
        "white, black, or a color such as #ffcc00", try? ImageConversion.Background(parsing: text))
    case .damaged: skipsDamaged = try choice(Damaged.self) == .skip
    case .test:
      testFraction = try parse(
        "a fraction greater than 0 and less than 1", Double(text).flatMap { $0 > 0 && $0 < 1 ? $0 : nil })
    case .splitSeed: seed = try parse("an integer from 0 to \(UInt64.max)", UInt64(text))
    case .label: labelColumn = try parse("the name of a column, or first or last", text.isEmpty ? nil : text)
    case .arrays:
      arrays = try parse(
        "images=NAME,labels=NAME, and test-images=NAME,test-labels=NAME if the test set has arrays of its own",
        try? ArrayNames(parsing: text))
    case .transpose: isTransposed = try parse("true or false", Bool(text))
    }
  }
}

/// An invalid option of a data set.
package struct DatasetOptionError: Error, Equatable, CustomStringConvertible {
  package let name: String
  package let reason: String

  package var description: String { "\(name) \(reason)" }
}
