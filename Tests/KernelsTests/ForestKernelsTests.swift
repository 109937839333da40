import Compute
import Foundation
import KernelInterface
import Testing

/// Random samples of a node, with the values of 64 features, 40 of which are searched. Few levels mean many ties.
private struct RandomNode: ~Copyable {
  static let rowCount = 500
  static let rowStride = 64
  let rows = AlignedBuffer<UInt8>(count: rowCount * rowStride)
  let samples: AlignedBuffer<TreeSample>
  let features: AlignedBuffer<UInt32>

  init(count: Int, labelCount: Int = 3, maxWeight: Int = 4, levels: Int = 256, seed: UInt64 = 1) {
    var random = RandomSequence(seed: seed, .test, UInt32(count), UInt32(levels))
    for index in 0..<rows.count {
      rows.pointer[index] = UInt8(random.next(below: UInt32(levels)) * 255 / UInt32(levels))
    }
    var places = Array(0..<Self.rowCount)
    random.shuffle(&places)
    samples = AlignedBuffer(
      (0..<count).map { index in
        TreeSample(
          row: UInt32(places[index]), weight: UInt16(1 + random.next(below: UInt32(maxWeight))),
          label: UInt8(random.next(below: UInt32(labelCount)) * 2))
      })
    var numbers = Array(0..<40)
    random.shuffle(&numbers)
    features = AlignedBuffer(numbers.map { UInt32($0) })
  }

  var count: Int { samples.count }

  /// (64, rowCount)
  func columns() -> AlignedBuffer<UInt8> {
    let columns = AlignedBuffer<UInt8>(count: rows.count)
    for index in 0..<rows.count {
      columns.pointer[index % Self.rowStride * Self.rowCount + index / Self.rowStride] = rows.pointer[index]
    }
    return columns
  }
}

/// The groups of a node, and its best random cuts.
private struct GroupedResult: Equatable {
  let masks: [UInt64]
  let firstRows: [UInt32]
  let labelEnds: [UInt32]
  let scores: [Double]
  let lanes: [Int]
}

/// Expects the same results from the kernel of each instruction set and from the reference kernel.
func expectSame<Result: Equatable>(
  _ comment: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: (any ForestKernels.Type) -> Result
) {
  let expected = body(ReferenceForestKernels.self)
  for set in InstructionSet.available {
    #expect(body(set.kernels) == expected, "\(comment) on \(set)", sourceLocation: sourceLocation)
  }
}

@Suite struct ForestKernelsTests {
  static let counts = [0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 97, 255, 406]

  @Test(arguments: [0, 1, 7, 1 << 28] as [UInt32]) func randomWordsMatchReference(batch: UInt32) {
    expectSame("batch \(batch)") { kernels in
      var words = [UInt32](repeating: 0, count: 32)
      kernels.randomWords(key: (0xdead_beef, 0x0123_4567), counter: (5, .max, 7), batch: batch, words: &words)
      return words
    }
  }

  @Test(arguments: counts, [32, 64]) func transposedRowsMatchReference(count: Int, width: Int) {
    let node = RandomNode(count: count)
    let stride = (count + 15) / 16 * 16
    expectSame("\(count) rows of \(width)") { kernels in
      var columns = [UInt8](repeating: 0, count: width * stride)
      kernels.transpose(
        samples: node.samples.pointer, count: count, rows: node.rows.pointer, rowStride: RandomNode.rowStride,
        width: width, columns: &columns, columnStride: stride)
      return (0..<width).flatMap { columns[$0 * stride..<$0 * stride + count] }
    }
  }

  @Test(arguments: counts, [1, 28, 32]) func lanesMatchReference(count: Int, featureCount: Int) {
    let node = RandomNode(count: count)
    let columns = node.columns()
    expectSame("\(count) samples, \(featureCount) features") { kernels in
      let lanes = AlignedBuffer<UInt8>(count: count * 32)
      kernels.gatherLanes(
        samples: node.samples.pointer, count: count, columns: columns.pointer, columnStride: RandomNode.rowCount,
        features: node.features.pointer, featureCount: featureCount, lanes: lanes.pointer)
      var adjacent = [UInt8](repeating: 0, count: count * 32)
      kernels.copyLanes(
        samples: node.samples.pointer, count: count, rows: node.rows.pointer + 32, rowStride: RandomNode.rowStride,
        lanes: &adjacent)
      return (0..<count * 32).filter { $0 % 32 < featureCount }.map { lanes[$0] } + adjacent
    }
  }

  /// Rows of 4096 bytes of 200 samples are prefetched.
  @Test(arguments: [0, 1, 7, 8, 9, 10, 11, 33, 97, 200], [1, 28, 32])
  func selectedLanesMatchReference(count: Int, featureCount: Int) {
    for rowStride in [64, 832, 4096, 4160] {
      var random = RandomSequence(seed: 3, .test, UInt32(count), UInt32(rowStride))
      let rows = AlignedBuffer((0..<20 * rowStride).map { _ in UInt8(random.next(below: 256)) })
      let samples = (0..<count).map { _ in TreeSample(row: random.next(below: 20), weight: 9, label: 200) }
      var features = Array(0..<rowStride)
      random.shuffle(&features)
      let chosen = features.prefix(featureCount).map { UInt32($0) }
      expectSame("\(count) samples, \(featureCount) features, rows of \(rowStride)") { kernels in
        let lanes = AlignedBuffer<UInt8>(count: count * 32)
        kernels.selectLanes(
          samples: samples, count: count, rows: rows.pointer, rowStride: rowStride, features: chosen,
          featureCount: featureCount, lanes: lanes.pointer)
        return (0..<count * 32).filter { $0 % 32 < featureCount }.map { lanes[$0] }
      }
    }
  }

  @Test(arguments: counts, [.narrow, .wide] as [HistogramBins])
  func histogramsMatchReference(count: Int, bins: HistogramBins) {
    let node = RandomNode(count: count)
    let columns = node.columns()
    let places = [3, 9, 3, 20].map { UnsafePointer(columns.pointer + $0 * RandomNode.rowCount) }
    let size = 5 * 4 * 256
    expectSame("\(count) samples") { kernels in
      let counted = AlignedBuffer<UInt32>(count: 3 * size)
      kernels.countValues(
        samples: node.samples.pointer, count: count, columns: places, following: nil, histograms: counted.pointer,
        bins: bins)
      kernels.countValues(
        samples: node.samples.pointer, count: count, columns: places, following: places,
        histograms: counted.pointer + 2 * size, bins: bins)
      kernels.countValues(
        samples: node.samples.pointer, count: count, values: places, histograms: counted.pointer + size, bins: bins)
      return Array(counted.elements)
    }
  }

  @Test(arguments: counts, [0, 100, 255] as [UInt8])
  func partitionsMatchReference(count: Int, cut: UInt8) {
    let node = RandomNode(count: count)
    for (values, stride, areRotated) in [
      (node.rows.pointer + 11, RandomNode.rowStride, false), (node.rows.pointer, 1, false),
      (node.rows.pointer, 1, true),
    ] {
      expectSame("\(count) samples at \(cut), stride \(stride)") { kernels in
        let samples = AlignedBuffer(node.samples.elements)
        let spare = AlignedBuffer<TreeSample>(count: count)
        let parts = kernels.partition(
          samples: samples.pointer, count: count, values: values, stride: stride, areRotated: areRotated,
          cut: cut, spare: spare.pointer)
        let reordered = AlignedBuffer(node.samples.elements)
        let orderedParts = kernels.partition(
          samples: reordered.pointer, count: count, orderedValues: values, stride: stride,
          areRotated: areRotated, cut: cut, spare: spare.pointer)
        return samples.elements.map(\.bits) + reordered.elements.map(\.bits)
          + [parts, orderedParts].flatMap {
            [UInt64($0.leftCount), UInt64($0.largestLeft), UInt64($0.smallestRight)]
          }
      }
    }
  }

  @Test(arguments: counts, [1, 2, 3, 200]) func leavesMatchReference(count: Int, leafCount: Int) {
    let node = RandomNode(count: count)
    let images = AlignedBuffer(node.samples.elements.map { UInt32($0.row) })
    let nodes = TreeNode.randomTree(leafCount: leafCount, featureCount: RandomNode.rowStride)
    expectSame("\(count) images, \(leafCount) leaves") { kernels in
      var leaves = [UInt32](repeating: .max, count: count)
      kernels.findLeaves(
        nodes: nodes, nodeCount: nodes.count, rows: node.rows.pointer, rowStride: RandomNode.rowStride,
        images: images.pointer, count: count, leaves: &leaves)
      return leaves
    }
  }

  /// Returns a table of n log2 n in units of 2^-shift.
  private static func terms<Term: FixedWidthInteger>(_ count: Int, shift: Int) -> AlignedBuffer<Term> {
    AlignedBuffer(
      (0..<count).map { n in n == 0 ? 0 : Term((Double(n) * log2(Double(n)) * Double(1 << shift)).rounded()) })
  }

  private static let manyTerms: AlignedBuffer<Int64> = terms(2000 * 500 + 1, shift: 30)

  @Test(arguments: [0, 1, 2, 3, 17, 64, 300, 500], [2, 5, 256])
  func histogramCutsMatchReference(count: Int, levels: Int) {
    for (labelCount, minSamplesLeaf, bins) in [
      (1, 1, .narrow), (2, 1, .narrow), (3, 5, .narrow), (40, 1, .narrow), (3, 1, .wide), (40, 5, .wide),
    ] as [(Int, Int, HistogramBins)] {
      let node = RandomNode(
        count: count, labelCount: labelCount, maxWeight: bins == .narrow ? 8 : 2000, levels: levels)
      let columns = node.columns()
      let histograms = AlignedBuffer<UInt32>(count: 80 * 1024)
      ReferenceForestKernels.countValues(
        samples: node.samples.pointer, count: count,
        columns: [UnsafePointer<UInt8>](repeating: columns.pointer, count: 4), following: nil,
        histograms: histograms.pointer, bins: bins)
      let valueCounts = AlignedBuffer<UInt32>(count: 256)
      var weights = [UInt32](repeating: 0, count: 256)
      for index in 0..<count {
        valueCounts.pointer[Int(columns[node.samples[index].row])] += 1
        weights[node.samples[index].label] += node.samples[index].weight
      }
      let labels = weights.indices.filter { weights[$0] > 0 }.map { UInt8($0) }
      labels.withUnsafeBufferPointer { labels in
        weights.withUnsafeBufferPointer { weights in
          let histogramNode = HistogramNode(
            bins: bins, labels: labels.baseAddress!, labelCount: labels.count, labelWeights: weights.baseAddress!,
            count: count, minSamplesLeaf: minSamplesLeaf, valueCounts: valueCounts.pointer)
          let scratch = AlignedBuffer<SIMD16<UInt32>>(count: labels.count)
          // Each of the four histograms of a label is the same. The second one of narrow bins starts 512 bytes later.
          let histogram = UnsafeRawPointer(histograms.pointer) + (bins == .narrow ? 512 : 1024)
          func gini(_ kernels: any ForestKernels.Type, _ floor: Double) -> FeatureCut {
            kernels.bestGiniCut(histogram: histogram, node: histogramNode, floor: floor, scratch: scratch.pointer)
          }
          func entropy(_ kernels: any ForestKernels.Type, _ floor: Double) -> FeatureCut {
            kernels.bestEntropyCut(
              histogram: histogram, node: histogramNode, floor: floor, terms: Self.manyTerms.pointer,
              scratch: scratch.pointer)
          }
          for cut in [gini, entropy] {
            let best = cut(ReferenceForestKernels.self, -.infinity).score
            for floor in [-.infinity, best * 1.01, best * 0.99, best, best.nextUp] {
              expectSame("\(labels.count) labels, \(minSamplesLeaf) samples a leaf, at least \(floor) of \(best)") {
                let found = cut($0, floor)
                return [found.score, Double(found.value)]
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33, 64, 100, 200, 406], [2, 5, 256])
  func smallNodeCutsMatchReference(count: Int, levels: Int) {
    let coarse: AlignedBuffer<Int32> = Self.terms(SmallNode.weightLimit + 1, shift: 19)
    for (labelCount, featureCount, minSamplesLeaf, greatestWeight) in [
      (1, 32, 1, 15), (2, 1, 1, 15), (3, 28, 4, 15), (16, 32, 1, 15), (1, 1, 1, 1), (3, 28, 4, 1), (16, 32, 1, 1),
    ] {
      let maxWeight = min(greatestWeight, SmallNode.weightLimit / max(1, count))
      let node = RandomNode(count: count, labelCount: labelCount, maxWeight: maxWeight, levels: levels)
      let lanes = AlignedBuffer<UInt8>(count: count * 32)
      ReferenceForestKernels.gatherLanes(
        samples: node.samples.pointer, count: count, columns: node.rows.pointer, columnStride: RandomNode.rowCount,
        features: node.features.pointer, featureCount: featureCount, lanes: lanes.pointer)
      var weights = [UInt16](repeating: 0, count: 16)
      let codes = AlignedBuffer(
        (0..<count).map { index in
          let sample = node.samples[index]
          weights[sample.label / 2] += UInt16(sample.weight)
          return UInt8(sample.label / 2 * 16) + UInt8(sample.weight)
        })
      weights.withUnsafeBufferPointer { weights in
        let smallNode = SmallNode(
          codes: codes.pointer, count: count, labelWeights: weights.baseAddress!, labelCount: labelCount,
          minSamplesLeaf: minSamplesLeaf)
        let scratch = AlignedBuffer<SIMD32<UInt16>>(count: count + labelCount)
        expectSame("\(labelCount) labels, \(minSamplesLeaf) samples a leaf") { kernels in
          [
            kernels.bestGiniCut(
              lanes: lanes.pointer, features: node.features.pointer, featureCount: featureCount, node: smallNode,
              scratch: scratch.pointer),
            kernels.bestEntropyCut(
              lanes: lanes.pointer, features: node.features.pointer, featureCount: featureCount, node: smallNode,
              terms: coarse.pointer, scratch: scratch.pointer),
          ].flatMap { [$0.score, Double($0.lane), Double($0.value), Double($0.varyingLanes)] }
        }
      }
    }
  }

  /// Weights of up to 2000 exceed 16 bits in some nodes of 64 samples, and their sum does in all nodes of 300.
  @Test(arguments: [1, 2, 3, 17, 64, 300, 500], [1, 2, 5, 256])
  func randomCutsMatchReference(count: Int, levels: Int) {
    let fine = Self.manyTerms.pointer
    for (labelCount, featureCount, minSamplesLeaf, maxWeight) in [
      (1, 32, 1, 1), (2, 1, 1, 3), (3, 28, 5, 2000), (40, 32, 1, 2000), (10, 17, 2, 1),
    ] {
      let node = RandomNode(count: count, labelCount: labelCount, maxWeight: maxWeight, levels: levels)
      let samples = AlignedBuffer(node.samples.elements.sorted { $0.label < $1.label })
      let lanes = AlignedBuffer<UInt8>(count: count * 32)
      ReferenceForestKernels.selectLanes(
        samples: samples.pointer, count: count, rows: node.rows.pointer, rowStride: RandomNode.rowStride,
        features: node.features.pointer, featureCount: featureCount, lanes: lanes.pointer)
      var weights = [UInt32](repeating: 0, count: 256)
      for sample in samples.elements { weights[sample.label] += sample.weight }
      let labels = weights.indices.filter { weights[$0] > 0 }.map { UInt8($0) }
      var random = RandomSequence(seed: 4, .test, UInt32(count))
      let words = (0..<32).map { $0 == 3 ? UInt32.max : $0 == 5 ? 0 : random.next() }
      labels.withUnsafeBufferPointer { labels in
        weights.withUnsafeBufferPointer { weights in
          let laneNode = LaneNode(
            samples: samples.pointer, count: count, labels: labels.baseAddress!, labelCount: labels.count,
            labelWeights: weights.baseAddress!, minSamplesLeaf: minSamplesLeaf)
          expectSame("\(labels.count) labels, \(minSamplesLeaf) samples a leaf") { kernels in
            [
              kernels.bestRandomGiniCut(
                lanes: lanes.pointer, features: node.features.pointer, featureCount: featureCount, words: words,
                node: laneNode),
              kernels.bestRandomEntropyCut(
                lanes: lanes.pointer, features: node.features.pointer, featureCount: featureCount, words: words,
                node: laneNode, terms: fine),
            ].flatMap { [$0.score, Double($0.lane), Double($0.value), Double($0.varyingLanes)] }
          }
        }
      }
    }
  }

  /// In the table's order, most groups have several rows; in random order, most have one.
  @Test(arguments: [1, 2, 3, 64, 65, 300, 500], [false, true])
  func randomCutsOfGroupsMatchReference(count: Int, isOrdered: Bool) {
    let fine: AlignedBuffer<Int64> = Self.terms(count + 1, shift: 30)
    for (labelCount, featureCount, minSamplesLeaf, levels) in [
      (1, 32, 1, 256), (2, 1, 1, 2), (3, 28, 5, 256), (40, 32, 1, 1), (10, 17, 2, 5),
    ] {
      let node = RandomNode(count: count, labelCount: labelCount, maxWeight: 1, levels: levels)
      let samples = node.samples.elements.sorted {
        isOrdered ? ($0.label, $0.row) < ($1.label, $1.row) : $0.label < $1.label
      }
      let columnStride = 512
      let columns = AlignedBuffer<UInt8>(count: RandomNode.rowStride * columnStride)
      for index in 0..<node.rows.count {
        columns.pointer[index % RandomNode.rowStride * columnStride + index / RandomNode.rowStride] =
          node.rows.pointer[index]
      }
      var weights = [UInt32](repeating: 0, count: 256)
      for sample in samples { weights[sample.label] += 1 }
      let labels = weights.indices.filter { weights[$0] > 0 }.map { UInt8($0) }
      var random = RandomSequence(seed: 5, .test, UInt32(count))
      let words = (0..<32).map { $0 == 3 ? UInt32.max : $0 == 5 ? 0 : random.next() }
      labels.withUnsafeBufferPointer { labels in
        weights.withUnsafeBufferPointer { weights in
          expectSame("\(labels.count) labels, \(minSamplesLeaf) samples a leaf, \(levels) levels") { kernels in
            var masks = [UInt64](repeating: 0, count: count)
            var (firstRows, labelEnds) = ([UInt32](repeating: 0, count: count), [UInt32](repeating: 0, count: 256))
            let groupCount = kernels.groupRows(
              samples: samples, count: count, limit: count, masks: &masks, firstRows: &firstRows,
              labelEnds: &labelEnds)!
            for limit in [groupCount - 1, groupCount] {
              let limited = kernels.groupRows(
                samples: samples, count: count, limit: limit, masks: &masks, firstRows: &firstRows,
                labelEnds: &labelEnds)
              #expect(limited == (limit < groupCount ? nil : groupCount))
            }
            let scratch = AlignedBuffer<SIMD16<UInt32>>(count: 2 * labels.count)
            return masks.withUnsafeBufferPointer { masks in
              firstRows.withUnsafeBufferPointer { firstRows in
                labelEnds.withUnsafeBufferPointer { labelEnds in
                  let groupedNode = GroupedNode(
                    masks: masks.baseAddress!, firstRows: firstRows.baseAddress!, labelEnds: labelEnds.baseAddress!,
                    labels: labels.baseAddress!, labelCount: labels.count, labelWeights: weights.baseAddress!,
                    minSamplesLeaf: minSamplesLeaf)
                  let cuts = [
                    kernels.bestRandomGiniCut(
                      columns: columns.pointer, columnStride: columnStride, features: node.features.pointer,
                      featureCount: featureCount, words: words, node: groupedNode, scratch: scratch.pointer),
                    kernels.bestRandomEntropyCut(
                      columns: columns.pointer, columnStride: columnStride, features: node.features.pointer,
                      featureCount: featureCount, words: words, node: groupedNode, terms: fine.pointer,
                      scratch: scratch.pointer),
                  ]
                  let scores = cuts.map(\.score)
                  let lanes = cuts.flatMap { [$0.lane, Int($0.value), Int($0.varyingLanes)] }
                  return GroupedResult(
                    masks: Array(masks), firstRows: Array(firstRows), labelEnds: Array(labelEnds), scores: scores,
                    lanes: lanes)
                }
              }
            }
          }
        }
      }
    }
  }
}
