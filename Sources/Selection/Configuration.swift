package import Models

/// One point of a search space: values of some parameters of a model, and the settings that result from them.
package struct Configuration: Sendable, Equatable {
  package struct Parameter: Sendable, Hashable, Codable {
    /// The name of the command-line option, without dashes.
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  package let kind: ModelKind
  /// The parameters that the space names, sorted by name.
  package let parameters: [Parameter]

  /// - Parameter parameters: in any order, each name once; ``settings(seed:)`` checks that the model has them
  package init(_ kind: ModelKind, _ parameters: [Parameter]) {
    (self.kind, self.parameters) = (kind, parameters.sorted { $0.name < $1.name })
  }

  package subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

  /// Returns the same configuration with another value of one parameter.
  package func setting(_ name: String, to value: String) -> Configuration {
    Configuration(kind, parameters.filter { $0.name != name } + [Parameter(name, value)])
  }

  /// Returns the default settings with the values of the parameters.
  /// - Throws: ``ModelError/badSettings(_:)`` for a name or value that the model does not have.
  package func settings(seed: UInt64) throws(ModelError) -> ModelSettings {
    var text = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.value) })
    if kind.setting("seed") != nil, text["seed"] == nil { text["seed"] = "\(seed)" }
    return try ModelSettings(kind, text)
  }

  /// A text for the user, such as `max-depth 10, trees 300`.
  package var description: String {
    parameters.isEmpty ? "standard settings" : parameters.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
  }
}
