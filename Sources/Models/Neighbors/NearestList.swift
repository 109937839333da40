/// The nearest rows of a query so far, ordered by key, then by row.
struct NearestList {
  private(set) var entries: [(row: Int, key: Double)] = []
  private let capacity: Int
  /// Rows enter only with a key below this limit.
  private(set) var limit = Double.infinity

  init(capacity: Int) {
    self.capacity = capacity
    entries.reserveCapacity(capacity + 1)
  }

  /// Inserts a row. Rows are inserted in ascending order, so of equal keys, the lower row stays in front.
  mutating func insert(row: Int, key: Double) {
    guard key < limit else { return }
    var place = entries.count
    entries.append((row, key))
    while place > 0 && entries[place - 1].key > key {
      entries[place] = entries[place - 1]
      place -= 1
    }
    entries[place] = (row, key)
    if entries.count > capacity { entries.removeLast() }
    if entries.count == capacity { limit = entries[capacity - 1].key }
  }

  /// Refuses rows with keys greater than `key` from now on. At least `capacity` of the rows to insert must have keys up
  /// to `key`.
  mutating func refuseKeys(above key: Double) { limit = min(limit, key.nextUp) }
}
