/// Where a data set is and how it is read: all that a later command needs in order to load the same images.
package struct DatasetSource: Sendable, Hashable {
  /// The name of a built-in data set, or the absolute path of a folder or file.
  package var location: String
  /// ``DatasetOptions/text``.
  package var options: [String: String]

  package init(_ location: String, options: [String: String] = [:]) {
    (self.location, self.options) = (location, options)
  }
}

/// Without options, the source is encoded as the text of its location, as by versions without options.
extension DatasetSource: Codable {
  private enum CodingKeys: CodingKey {
    case location
    case options
  }

  package init(from decoder: any Decoder) throws {
    if let location = try? decoder.singleValueContainer().decode(String.self) {
      self.init(location)
    } else {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        try container.decode(String.self, forKey: .location),
        options: try container.decode([String: String].self, forKey: .options))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    if options.isEmpty {
      var container = encoder.singleValueContainer()
      try container.encode(location)
    } else {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(location, forKey: .location)
      try container.encode(options, forKey: .options)
    }
  }
}
