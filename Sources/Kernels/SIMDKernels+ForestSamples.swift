internal import CInstructions
package import KernelInterface

extension SIMDKernels {
  package static func transpose(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int, width: Int,
    columns: UnsafeMutablePointer<UInt8>, columnStride: Int
  ) {
    // The columns of 64 samples are written 32 at a time, so that their lines stay in the first-level cache until they
    // are full. The rows of the next 64 samples, which are scattered in memory, are prefetched meanwhile.
    let group = 64
    withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>?.self, capacity: 2 * group) { memory in
      var (current, next) = (memory.baseAddress!, memory.baseAddress! + group)
      if count > 0 { findRows(0, samples, count, rows, rowStride, current) }
      for first in stride(from: 0, to: count, by: group) {
        findRows(first &+ group, samples, count, rows, rowStride, next)
        let end = min(group, count &- first)
        for feature in stride(from: 0, to: width, by: 32) {
          // A line of 64 bytes takes two steps, unless there is only one.
          let prefetched = width == 32 ? 0..<group : feature & 32 == 0 ? 0..<group / 2 : group / 2..<group
          for lane in prefetched { atelier_prefetch_second_level(next[lane]! + (feature & ~63)) }
          let column = columns + (feature &* columnStride &+ first)
          for lane in stride(from: 0, to: end, by: 16) {
            atelier_transpose_16x32(current + lane, feature, column + lane, columnStride)
          }
        }
        (current, next) = (next, current)
      }
    }
  }

  /// Finds the rows of the 64 samples from `first` on. Those after the last sample repeat it.
  @inline(__always)
  private static func findRows(
    _ first: Int, _ samples: UnsafePointer<TreeSample>, _ count: Int, _ rows: UnsafePointer<UInt8>, _ rowStride: Int,
    _ found: UnsafeMutablePointer<UnsafePointer<UInt8>?>
  ) {
    for lane in 0..<64 { found[lane] = rows + samples[min(first &+ lane, count &- 1)].row &* rowStride }
  }

  package static func gatherLanes(
    samples: UnsafePointer<TreeSample>, count: Int, columns: UnsafePointer<UInt8>, columnStride: Int,
    features: UnsafePointer<UInt32>, featureCount: Int, lanes: UnsafeMutablePointer<UInt8>
  ) {
    // Eight values are stored at once. After the last feature, it is repeated.
    for first in stride(from: 0, to: featureCount, by: 8) {
      func column(_ offset: Int) -> UnsafePointer<UInt8> {
        columns + Int(features[min(first &+ offset, featureCount &- 1)]) &* columnStride
      }
      let (a, b, c, d) = (column(0), column(1), column(2), column(3))
      let (e, f, g, h) = (column(4), column(5), column(6), column(7))
      for sample in 0..<count {
        let row = samples[sample].row
        let low = littleEndianWord(a[row], b[row], c[row], d[row])
        let high = littleEndianWord(e[row], f[row], g[row], h[row])
        let word: UInt64 = high &<< 32 | low
        let target = UnsafeMutableRawPointer(lanes + first) + sample &* 32
        target.storeBytes(of: word.littleEndian, as: UInt64.self)
      }
    }
  }

  @inline(__always)
  private static func littleEndianWord(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) -> UInt64 {
    var word = UInt64(a)
    word |= UInt64(b) &<< 8
    word |= UInt64(c) &<< 16
    word |= UInt64(d) &<< 24
    return word
  }

  package static func selectLanes(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    features: UnsafePointer<UInt32>, featureCount: Int, lanes: UnsafeMutablePointer<UInt8>
  ) {
    // The selection of words is prepared once; a few samples do not pay for that.
    if count >= 8 && rowStride <= atelier_selection_limit() {
      atelier_select_bytes(samples, count, rows, rowStride, features, featureCount, lanes)
    } else {
      for sample in 0..<count {
        let row = rows + samples[sample].row &* rowStride
        let target = lanes + sample &* 32
        for lane in 0..<featureCount { target[lane] = row[Int(features[lane])] }
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
    samples: UnsafeMutablePointer<TreeSample>, count: Int, values: UnsafePointer<UInt8>, stride: Int, areRotated: Bool,
    cut: UInt8, spare: UnsafeMutablePointer<TreeSample>
  ) -> NodePartition {
    // A constant stride needs no multiplication.
    if stride == 1 { return partition(samples, count, areRotated, cut, spare) { values[samples[$0].row] } }
    return partition(samples, count, areRotated, cut, spare) { values[samples[$0].row &* stride] }
  }

  package static func partition(
    samples: UnsafeMutablePointer<TreeSample>, count: Int, orderedValues values: UnsafePointer<UInt8>, stride: Int,
    areRotated: Bool, cut: UInt8, spare: UnsafeMutablePointer<TreeSample>
  ) -> NodePartition {
    partition(samples, count, areRotated, cut, spare) { values[$0 &* stride] }
  }

  @inline(__always)
  private static func partition(
    _ samples: UnsafeMutablePointer<TreeSample>, _ count: Int, _ areRotated: Bool, _ cut: UInt8,
    _ spare: UnsafeMutablePointer<TreeSample>, stored: (_ index: Int) -> UInt8
  ) -> NodePartition {
    let shift: UInt8 = areRotated ? 4 : 0
    var left = 0
    var right = 0
    var largestLeft: UInt8 = 0
    var smallestRight: UInt8 = 255
    var start = 0
    #if AVX512
      withUnsafeTemporaryAllocation(byteCount: 64, alignment: 64) { memory in
        let block = memory.baseAddress!.assumingMemoryBound(to: UInt8.self)
        var ends = SIMD2<UInt8>(0, 255)
        while start + 64 <= count {
          for offset in 0..<64 { block[offset] = stored(start &+ offset) }
          let leftCount = Int(
            atelier_partition_64(samples + start, block, areRotated ? 1 : 0, cut, samples + left, spare + right, &ends))
          left &+= leftCount
          right &+= 64 &- leftCount
          start &+= 64
        }
        (largestLeft, smallestRight) = (ends[0], ends[1])
      }
    #endif
    // Every sample is written to both sides, and only its own side advances: no branch to mispredict.
    for index in start..<count {
      let sample = samples[index]
      let stored = stored(index)
      let value = stored &>> shift | stored &<< shift
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

  package static func findLeaves(
    nodes: UnsafePointer<TreeNode>, nodeCount: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    images: UnsafePointer<UInt32>, count: Int, leaves: UnsafeMutablePointer<UInt32>
  ) {
    // Images visit nodes in no order. Most nodes are visited if there are many images: read them in order before.
    if count >= 64 {
      for node in stride(from: 0, to: nodeCount, by: 8) { atelier_prefetch_second_level(nodes + node) }
    }
    #if AVX512
      // Offsets of values must fit in lanes: they count from the first of these images, because the images of a block
      // are close together, but a data set can have more than 2 GiB.
      var (first, last) = (UInt32.max, UInt32.min)
      for index in 0..<count {
        first = images[index] < first ? images[index] : first
        last = images[index] > last ? images[index] : last
      }
      if count >= 8 && rowStride >= 4 && (Int(last) &- Int(first) &+ 1) &* rowStride < 1 << 31 {
        let rows = rows + Int(first) &* rowStride
        for start in stride(from: 0, to: count, by: 32) {
          atelier_find_leaves(
            nodes, rows, rowStride, images + start, first, min(32, count &- start), leaves + start)
        }
        return
      }
    #endif
    // The rows of so many images stay in the first-level cache.
    let chunk = 32
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: min(count, chunk)) { memory in
      guard let walkers = memory.baseAddress else { return }
      for first in stride(from: 0, to: count, by: chunk) {
        walk(
          nodes, rows, rowStride, images + first, count: min(chunk, count &- first), walkers: walkers,
          places: leaves + first)
      }
    }
  }

  /// Lets the images walk down the tree in step, so that their loads overlap. Masks replace branches, which could not
  /// be predicted and would cost more than the step.
  ///
  /// - Parameters:
  ///   - walkers: (count), overwritten by the images that have not arrived at a leaf
  ///   - places: (count), overwritten by the numbers of the leaves; until then, places are nodes
  @inline(__always)
  private static func walk(
    _ nodes: UnsafePointer<TreeNode>, _ rows: UnsafePointer<UInt8>, _ rowStride: Int, _ images: UnsafePointer<UInt32>,
    count: Int, walkers: UnsafeMutablePointer<UInt32>, places: UnsafeMutablePointer<UInt32>
  ) {
    for image in 0..<count {
      walkers[image] = UInt32(truncatingIfNeeded: image)
      places[image] = 0
    }
    var walking = count
    while walking > 0 {
      var remaining = 0
      for index in 0..<walking {
        let walker = walkers[index]
        let place = places[Int(walker)]
        let node = nodes[Int(place)]
        // 1 if all bits of the split are set, which marks a leaf. Its link is the leaf's number.
        let isLeaf = UInt32(truncatingIfNeeded: (UInt64(node.split) &+ 1) &>> 32)
        let arrives = 0 &- isLeaf
        let feature = Int((node.split &>> 8) & ~arrives)
        let value = rows[Int(images[Int(walker)]) &* rowStride &+ feature]
        let goesRight = UInt32(bitPattern: (Int32(node.threshold) &- Int32(value)) &>> 31)
        let takesLink = atelier_opaque(goesRight | arrives)
        let left = place &+ 1
        places[Int(walker)] = left ^ ((left ^ node.link) & takesLink)
        walkers[remaining] = walker
        remaining &+= Int(1 &- isLeaf)
      }
      walking = remaining
    }
  }
}
