internal import Datasets

/// The sums and the sums of squares of each byte over the images of each class; exact.
struct ClassMoments {
  let shape: ImageShape
  /// (classes) The number of images.
  let counts: [Int]
  /// (classes, bytes of an image)
  let sums: [Int]
  let squares: [Int]

  init(_ images: LabeledImages, classCount: Int) {
    let length = images.shape.count
    var counts = [Int](repeating: 0, count: classCount)
    var sums = [Int](repeating: 0, count: classCount * length)
    var squares = sums
    images.pixels.withUnsafeBufferPointer { pixels in
      sums.withUnsafeMutableBufferPointer { sums in
        squares.withUnsafeMutableBufferPointer { squares in
          for (image, label) in images.labels.enumerated() {
            counts[Int(label)] += 1
            let (source, target) = (image * length, Int(label) * length)
            for place in 0..<length {
              let value = Int(pixels[source + place])
              sums[target + place] += value
              squares[target + place] += value * value
            }
          }
        }
      }
    }
    (shape, self.counts, self.sums, self.squares) = (images.shape, counts, sums, squares)
  }

  /// The range of a class in ``sums`` and ``squares``.
  func range(_ label: Int) -> Range<Int> { label * shape.count..<(label + 1) * shape.count }

  /// The mean image of a class, which has at least one image.
  func mean(_ label: Int) -> [Double] { sums[range(label)].map { Double($0) / Double(counts[label]) } }

  /// The variance of each byte. It is exactly 0 for a byte that never changes, because both terms are exact.
  func variance(_ label: Int) -> [Double] {
    let count = Double(counts[label])
    return range(label).map { place in
      let mean = Double(sums[place]) / count
      return max(0, Double(squares[place]) / count - mean * mean)
    }
  }
}
