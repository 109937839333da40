internal import Models

/// Numbers configurations, and finds duplicates: configurations with equal settings, however their values are written.
struct SeenConfigurations {
  private let model: ModelKind
  private var canonical: [Configuration.Parameter: String] = [:]
  private var numbers: [[String: String]: Int] = [:]

  init(_ model: ModelKind) { self.model = model }

  /// Returns the number of the first configuration with these settings, adding it if there is none.
  /// - Parameter space: the space that it was sampled from; nil if it comes from a grid
  mutating func number(of configuration: Configuration, in space: ParameterSpace? = nil) -> Int {
    var settings: [String: String] = [:]
    for parameter in configuration.parameters {
      if case .range? = space?.values[parameter.name] {
        // Equal values of a range have equal texts.
        settings[parameter.name] = parameter.value
        continue
      }
      let text = canonical[parameter] ?? (try? Configuration.canonical(parameter.value, of: parameter.name, model))
      canonical[parameter] = text ?? parameter.value
      settings[parameter.name] = text ?? parameter.value
    }
    if let known = numbers[settings] { return known }
    numbers[settings] = numbers.count
    return numbers.count - 1
  }

  /// Adds a configuration.
  /// - Returns: false if its settings equal those of an earlier one
  mutating func insert(_ configuration: Configuration, of space: ParameterSpace? = nil) -> Bool {
    let count = numbers.count
    return number(of: configuration, in: space) == count
  }
}
