/// The newest values of each kind of blob: files, their names, or decoded blobs.
struct RecentBlobs<Value> {
  private var images: [Value] = []
  /// Checkpoints of the current training, which are replaced soon.
  private var checkpoints: [Value] = []
  private var others: [Value] = []

  /// The number of values of a kind that are kept. A job needs two at most, and the next job may use the same.
  private static var kept: Int { 4 }

  var all: [Value] { images + checkpoints + others }

  /// Adds a value of the kind of a blob.
  /// - Returns: The value that it replaces, if there are too many of this kind.
  @discardableResult mutating func add(_ value: Value, for blob: Blob) -> Value? {
    switch blob {
    case .images: Self.add(value, to: &images, keeping: Blob.keptImages)
    case .checkpoint: Self.add(value, to: &checkpoints, keeping: Self.kept)
    case .model, .groups: Self.add(value, to: &others, keeping: Self.kept)
    }
  }

  mutating func removeAll(where condition: (Value) -> Bool) {
    images.removeAll(where: condition)
    checkpoints.removeAll(where: condition)
    others.removeAll(where: condition)
  }

  private static func add(_ value: Value, to list: inout [Value], keeping kept: Int) -> Value? {
    list.append(value)
    return list.count > kept ? list.removeFirst() : nil
  }
}
