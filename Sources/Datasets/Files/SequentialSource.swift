/// Bytes that are read one after the other.
protocol SequentialSource: AnyObject {
  /// The number of bytes that are left, or may be left.
  var remaining: Int { get }

  /// Reads the next `count` bytes.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if there are fewer bytes.
  func read(_ count: Int, expecting what: String) throws(DatasetError) -> [UInt8]
}
