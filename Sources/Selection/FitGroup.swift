package import Models

/// Configurations that one fit answers, and the images that it uses.
package struct FitGroup: Sendable, Equatable, Codable {
  /// The number of the division into training and test images.
  package let split: Int
  package let kind: ModelKind
  /// The settings of each configuration, as text, because a group is sent to workers.
  package let members: [[String: String]]
  /// The most images to divide; nil: all.
  package let images: Int?

  package init(split: Int, kind: ModelKind, members: [[String: String]], images: Int? = nil) {
    (self.split, self.kind, self.members, self.images) = (split, kind, members, images)
  }
}
