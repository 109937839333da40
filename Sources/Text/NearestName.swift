extension String {
  /// Returns the name that this word was probably meant to be: the one with the smallest Levenshtein distance, of
  /// several the first in alphabetical order; nil if too many letters differ from all names. A third may differ, at
  /// least two (one in words of fewer than five letters), but never all.
  package func nearest(among names: [String]) -> String? {
    let limit = Swift.min(count - 1, Swift.max(count < 5 ? 1 : 2, count / 3))
    let nearest = names.map { (distance: $0.distance(to: self), name: $0) }.min { $0 < $1 }
    return nearest.flatMap { $0.distance <= limit ? $0.name : nil }
  }

  /// Returns the number of letters to change, insert or delete (Levenshtein distance) among the first 64.
  private func distance(to other: String) -> Int {
    let (first, second) = (Array(prefix(64)), Array(other.prefix(64)))
    var row = Array(0...second.count)
    for (i, letter) in first.enumerated() {
      var corner = row[0]
      row[0] = i + 1
      for (j, other) in second.enumerated() {
        let changed = corner + (letter == other ? 0 : 1)
        corner = row[j + 1]
        row[j + 1] = Swift.min(changed, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[second.count]
  }
}
