internal import Datasets

/// By class, for each byte of an image: the sum over images, and the sum of squares. Exact.
struct ClassMoments {
  let shape: ImageShape
  /// (classes): images
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

  /// The places of a class's numbers.
  func range(_ label: Int) -> Range<Int> { label * shape.count..<(label + 1) * shape.count }

  /// The mean picture of a class that has images.
  func mean(_ label: Int) -> [Double] { sums[range(label)].map { Double($0) / Double(counts[label]) } }

  /// By byte, the mean of the squared difference from the class's mean. Of a byte that never changes it is 0: both terms are exact then.
  func variance(_ label: Int) -> [Double] {
    let count = Double(counts[label])
    return range(label).map { place in
      let mean = Double(sums[place]) / count
      return max(0, Double(squares[place]) / count - mean * mean)
    }
  }
}
