internal import CInstructions
package import KernelInterface

extension SIMDKernels {
  package static func transpose(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int, width: Int,
    columns: UnsafeMutablePointer<UInt8>, columnStride: Int
  ) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>?.self, capacity: 16) { sources in
      for first in stride(from: 0, to: count, by: 16) {
        for lane in 0..<16 {
          // Lanes behind the last sample repeat it.
          let index = first &+ lane < count ? first &+ lane : count &- 1
          sources[lane] = rows + samples[index].row &* rowStride
        }
        // The rows of the next samples are somewhere else in memory: ask for them now.
        for index in min(first &+ 16, count)..<min(first &+ 32, count) {
          let row = rows + samples[index].row &* rowStride
          for offset in stride(from: 0, to: width, by: 64) { atelier_prefetch(row + offset) }
        }
        for feature in stride(from: 0, to: width, by: 16) {
          atelier_transpose_16x16(
            sources.baseAddress, feature, columns + (feature &* columnStride &+ first), columnStride)
        }
      }
    }
  }

  package static func gatherLanes(
    samples: UnsafePointer<TreeSample>, count: Int, columns: UnsafePointer<UInt8>, columnStride: Int,
    features: UnsafePointer<UInt32>, featureCount: Int, lanes: UnsafeMutablePointer<UInt8>
  ) {
    for feature in 0..<featureCount {
      let column = columns + Int(features[feature]) &* columnStride
      var target = lanes + feature
      for sample in 0..<count {
        target.pointee = column[samples[sample].row]
        target += 32
      }
    }
  }

  package static func copyLanes(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    lanes: UnsafeMutablePointer<UInt8>
  ) {
    for sample in 0..<count {
      let row = UnsafeRawPointer(rows + samples[sample].row &* rowStride)
      UnsafeMutableRawPointer(lanes + sample &* 32)
        .storeBytes(of: row.loadUnaligned(as: SIMD32<UInt8>.self), as: SIMD32<UInt8>.self)
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
