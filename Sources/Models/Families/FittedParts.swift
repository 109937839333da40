package import Compute
package import Datasets

/// The results of the tasks of one fit, of any family, as they arrive.
package struct FittedParts {
  private let read: ([Tensor], Range<Int>) throws(ModelError) -> any Sendable
  private let join: ([any Sendable]) -> any Classifier
  private var parts: [(first: Int, part: any Sendable)] = []

  package init(_ settings: ModelSettings, imageShape: ImageShape, classCount: Int) {
    self.init(settings.kind.family, settings, imageShape, classCount)
  }

  private init<Family: ModelFamily>(
    _ family: Family.Type, _ settings: ModelSettings, _ imageShape: ImageShape, _ classCount: Int
  ) {
    let settings = settings.values as! Family.Settings
    read = { tensors, tasks throws(ModelError) in
      try family.part(tensors, of: tasks, settings: settings, imageShape: imageShape, classCount: classCount)
    }
    join = { parts in
      family.model(
        joining: parts.map { $0 as! Family.Part }, settings: settings, imageShape: imageShape, classCount: classCount)
    }
  }

  /// The checked result of some tasks.
  package struct Part: Sendable {
    fileprivate let first: Int
    fileprivate let content: any Sendable
  }

  /// Reads the result of some tasks, which may come from another process.
  /// - Throws: ``ModelError/badModel(_:)``
  package func part(_ tensors: [Tensor], of tasks: Range<Int>) throws(ModelError) -> Part {
    Part(first: tasks.lowerBound, content: try read(tensors, tasks))
  }

  package mutating func add(_ part: Part) { parts.append((part.first, part.content)) }

  /// The model. All tasks must have been added.
  package var model: any Classifier { join(parts.sorted { $0.first < $1.first }.map(\.part)) }
}
