internal import Compute
internal import Datasets

extension LabeledImages {
  /// Downscales images with more than `limit` bytes: each square block of pixels, of the smallest sufficient size,
  /// becomes its rounded mean. Blocks at the right and bottom edges are truncated.
  func shrunk(toBytes limit: Int, on context: ComputeContext) -> LabeledImages {
    guard shape.count > limit, shape.height * shape.width > 1 else { return self }
    let block = (2...max(shape.height, shape.width)).first { shape.shrunk(by: $0).count <= limit }
    let side = block ?? max(shape.height, shape.width)
    let small = shape.shrunk(by: side)
    var means = [UInt8](repeating: 0, count: count * small.count)
    means.withUnsafeMutableBufferPointer { means in
      let target = means.baseAddress!
      context.team.forEach(count) { image, _ in
        for index in 0..<small.count {
          target[image * small.count + index] = mean(of: image, block: index, side: side, in: small)
        }
      }
    }
    return LabeledImages(shape: small, pixels: means, labels: labels)
  }

  private func mean(of image: Int, block: Int, side: Int, in small: ImageShape) -> UInt8 {
    let channel = block % small.channels
    let firstRow = block / small.channels / small.width * side
    let firstColumn = block / small.channels % small.width * side
    let rows = firstRow..<min(firstRow + side, shape.height)
    let columns = firstColumn..<min(firstColumn + side, shape.width)
    var sum = 0
    for row in rows {
      for column in columns {
        sum += Int(pixels[((image * shape.height + row) * shape.width + column) * shape.channels + channel])
      }
    }
    let size = rows.count * columns.count
    return UInt8((sum + size / 2) / size)
  }
}

extension ImageShape {
  fileprivate func shrunk(by side: Int) -> ImageShape {
    ImageShape(height: (height + side - 1) / side, width: (width + side - 1) / side, channels: channels)
  }
}
