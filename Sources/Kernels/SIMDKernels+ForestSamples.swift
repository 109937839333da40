package import KernelInterface

extension SIMDKernels {
  package static func gatherColumns(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    features: UnsafePointer<UInt32>, featureCount: Int, columns: UnsafeMutablePointer<UInt8>, columnStride: Int
  ) {
    for sample in 0..<count {
      let row = rows + samples[sample].row &* rowStride
      var target = columns + sample
      for feature in 0..<featureCount {
        target.pointee = row[Int(features[feature])]
        target += columnStride
      }
    }
  }

  package static func gatherLanes(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    features: UnsafePointer<UInt32>, featureCount: Int, lanes: UnsafeMutablePointer<UInt8>
  ) {
    for sample in 0..<count {
      let row = rows + samples[sample].row &* rowStride
      let target = lanes + sample &* 32
      for feature in 0..<featureCount { target[feature] = row[Int(features[feature])] }
    }
  }

  package static func partition(
    samples: UnsafeMutablePointer<TreeSample>, count: Int, values: UnsafePointer<UInt8>, stride: Int, cut: UInt8,
    spare: UnsafeMutablePointer<TreeSample>
  ) -> NodePartition {
    var left = 0
    var right = 0
    var largestLeft: UInt8 = 0
    var smallestRight: UInt8 = 255
    // Every sample is written to both sides, and the side that it belongs to moves on: no branch to mispredict.
    for index in 0..<count {
      let sample = samples[index]
      let value = values[sample.row &* stride]
      let goesLeft = value <= cut
      samples[left] = sample
      spare[right] = sample
      left &+= goesLeft ? 1 : 0
      right &+= goesLeft ? 0 : 1
      let leftValue = goesLeft ? value : 0
      let rightValue = goesLeft ? 255 : value
      largestLeft = leftValue > largestLeft ? leftValue : largestLeft
      smallestRight = rightValue < smallestRight ? rightValue : smallestRight
    }
    (samples + left).update(from: spare, count: right)
    return NodePartition(leftCount: left, largestLeft: largestLeft, smallestRight: smallestRight)
  }
}
