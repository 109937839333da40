/// The importance of each pixel of an image according to some method: non-negative numbers without a unit.
package struct AttentionMap: Sendable, Equatable, Codable {
  package let height: Int
  package let width: Int
  /// (height, width), non-negative
  package let values: [Float]

  package init(height: Int, width: Int, values: [Float]) {
    precondition(values.count == height * width, "a map has one value per pixel")
    precondition(values.allSatisfy { $0 >= 0 }, "attention is non-negative")
    (self.height, self.width, self.values) = (height, width, values)
  }

  package var isZero: Bool { values.allSatisfy { $0 == 0 } }

  /// The map divided by its maximum, from 0 to 1; a map of zeros is unchanged.
  package var normalized: AttentionMap {
    let largest = values.max() ?? 0
    guard largest > 0 else { return self }
    return AttentionMap(height: height, width: width, values: values.map { $0 / largest })
  }

  /// Resizes by bilinear interpolation. Pixels are areas with their values at the centers, as in PyTorch's
  /// `interpolate` without `align_corners`; beyond the outermost centers, the nearest value continues.
  package func resized(height newHeight: Int, width newWidth: Int) -> AttentionMap {
    if (newHeight, newWidth) == (height, width) { return self }
    let rows = Self.interpolation(from: height, to: newHeight)
    let columns = Self.interpolation(from: width, to: newWidth)
    var resized: [Float] = []
    resized.reserveCapacity(newHeight * newWidth)
    for row in rows {
      for column in columns {
        func mix(_ y: Int) -> Float {
          let (left, right) = (values[y * width + column.first], values[y * width + column.second])
          return left + (right - left) * column.weight
        }
        let (upper, lower) = (mix(row.first), mix(row.second))
        // Rounding may yield a value slightly below zero.
        resized.append(max(0, upper + (lower - upper) * row.weight))
      }
    }
    return AttentionMap(height: newHeight, width: newWidth, values: resized)
  }

  /// For each position of the new axis: two positions of the old axis, and the weight of the second.
  private static func interpolation(from old: Int, to new: Int) -> [(first: Int, second: Int, weight: Float)] {
    let scale = Float(old) / Float(new)
    return (0..<new).map { place in
      let position = max(0, (Float(place) + 0.5) * scale - 0.5)
      let first = min(Int(position), old - 1)
      return (first, min(first + 1, old - 1), position - Float(first))
    }
  }

  /// Returns the mean of the normalized maps, so that every image has the same weight.
  /// - Parameter maps: at least one, all of the same size
  package static func mean(_ maps: [AttentionMap]) -> AttentionMap {
    precondition(!maps.isEmpty, "the mean of no maps")
    var sums = [Float](repeating: 0, count: maps[0].values.count)
    for map in maps {
      precondition(map.height == maps[0].height && map.width == maps[0].width, "maps differ in size")
      for (place, value) in map.normalized.values.enumerated() { sums[place] += value }
    }
    let count = Float(maps.count)
    return AttentionMap(height: maps[0].height, width: maps[0].width, values: sums.map { $0 / count })
  }

  /// Returns the mean map of each class; nil for a class without images.
  /// - Parameter labels: (maps), each below `classCount`
  package static func meanPerClass(_ maps: [AttentionMap], labels: [UInt8], classCount: Int) -> [AttentionMap?] {
    precondition(maps.count == labels.count, "maps and labels differ in number")
    return (0..<classCount).map { label in
      let own = zip(maps, labels).filter { Int($0.1) == label }.map(\.0)
      return own.isEmpty ? nil : mean(own)
    }
  }
}
