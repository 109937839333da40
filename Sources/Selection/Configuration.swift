package import Models

/// One point of a search space: which parameters have which values, and the settings that they come to.
package struct Configuration: Sendable, Equatable {
  package struct Parameter: Sendable, Hashable, Codable {
    /// As the command line's option, without dashes.
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  package let kind: ModelKind
  /// Those that the space names, sorted by name.
  package let parameters: [Parameter]

  /// - Parameter parameters: in any order, no name twice; whether the model has them is found out by ``settings(seed:)``
  package init(_ kind: ModelKind, _ parameters: [Parameter]) {
    (self.kind, self.parameters) = (kind, parameters.sorted { $0.name < $1.name })
  }

  package subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

  /// The same with another value.
  package func setting(_ name: String, to value: String) -> Configuration {
    Configuration(kind, parameters.filter { $0.name != name } + [Parameter(name, value)])
  }

  /// The standard settings, with the parameters' values in them.
  /// - Throws: ``ModelError/badSettings(_:)`` for a name or value that the model does not have.
  package func settings(seed: UInt64) throws(ModelError) -> ModelSettings {
    var text = Self.standard(kind).text
    if text["seed"] != nil { text["seed"] = "\(seed)" }
    for parameter in parameters {
      guard text[parameter.name] != nil else {
        throw .badSettings("\(kind.rawValue) has no parameter \(parameter.name)")
      }
      text[parameter.name] = parameter.value
    }
    do throws(ModelError) {
      switch kind {
      case .cnn: return .cnn(try NetworkSettings(text: text))
      case .forest: return .forest(try ForestSettings(text))
      case .tree: return .tree(try TreeSettings(text))
      case .knn: return .knn(try NeighborsSettings(text: text))
      }
    } catch {
      throw .badSettings("\(error)")
    }
  }

  /// The names that a space of this kind of model may have.
  package static func parameterNames(_ kind: ModelKind) -> [String] { standard(kind).text.keys.sorted() }

  private static func standard(_ kind: ModelKind) -> ModelSettings {
    switch kind {
    case .cnn: .cnn(NetworkSettings())
    case .forest: .forest(ForestSettings())
    case .tree: .tree(TreeSettings())
    case .knn: .knn(NeighborsSettings())
    }
  }

  /// For people: `max-depth 10, trees 300`.
  package var description: String {
    parameters.isEmpty ? "standard settings" : parameters.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
  }
}
