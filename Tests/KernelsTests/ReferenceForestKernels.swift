import Compute
import KernelInterface

/// A plain implementation of the contract of `ForestKernels`, whose results the kernels must equal.
enum ReferenceForestKernels: ForestKernels {
  static func randomWords(
    key: (UInt32, UInt32), counter: (UInt32, UInt32, UInt32), batch: UInt32, words: UnsafeMutablePointer<UInt32>
  ) {
    for block in 0..<8 {
      let drawn = Philox.block(
        counter: SIMD4(counter.0, counter.1, batch * 8 + UInt32(block), counter.2), key: SIMD2(key.0, key.1))
      for word in 0..<4 { words[word * 8 + block] = drawn[word] }
    }
  }

  static func transpose(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int, width: Int,
    columns: UnsafeMutablePointer<UInt8>, columnStride: Int
  ) {
    for feature in 0..<width {
      for index in 0..<count {
        columns[feature * columnStride + index] = rows[samples[index].row * rowStride + feature]
      }
    }
  }

  static func gatherLanes(
    samples: UnsafePointer<TreeSample>, count: Int, columns: UnsafePointer<UInt8>, columnStride: Int,
    features: UnsafePointer<UInt32>, featureCount: Int, lanes: UnsafeMutablePointer<UInt8>
  ) {
    for index in 0..<count {
      for lane in 0..<featureCount {
        lanes[index * 32 + lane] = columns[Int(features[lane]) * columnStride + samples[index].row]
      }
    }
  }

  static func selectLanes(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    features: UnsafePointer<UInt32>, featureCount: Int, lanes: UnsafeMutablePointer<UInt8>
  ) {
    for index in 0..<count {
      for lane in 0..<featureCount {
        lanes[index * 32 + lane] = rows[samples[index].row * rowStride + Int(features[lane])]
      }
    }
  }

  static func copyLanes(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    lanes: UnsafeMutablePointer<UInt8>
  ) {
    for index in 0..<count {
      for lane in 0..<32 { lanes[index * 32 + lane] = rows[samples[index].row * rowStride + lane] }
    }
  }

  static func countValues(
    samples: UnsafePointer<TreeSample>, count: Int, columns: UnsafePointer<UnsafePointer<UInt8>>,
    following: UnsafePointer<UnsafePointer<UInt8>>?, histograms: UnsafeMutableRawPointer, bins: HistogramBins
  ) {
    for feature in 0..<4 {
      for index in 0..<count {
        add(samples[index], feature: feature, value: columns[feature][samples[index].row], to: histograms, bins)
      }
    }
  }

  static func countValues(
    samples: UnsafePointer<TreeSample>, count: Int, values: UnsafePointer<UnsafePointer<UInt8>>,
    histograms: UnsafeMutableRawPointer, bins: HistogramBins
  ) {
    for feature in 0..<4 {
      for index in 0..<count {
        add(samples[index], feature: feature, value: values[feature][index], to: histograms, bins)
      }
    }
  }

  private static func add(
    _ sample: TreeSample, feature: Int, value: UInt8, to histograms: UnsafeMutableRawPointer, _ bins: HistogramBins
  ) {
    let bin = (sample.label * 4 + feature) * 256 + Int(value)
    switch bins {
    case .narrow: histograms.assumingMemoryBound(to: UInt16.self)[bin] += UInt16(sample.weight)
    case .wide: histograms.assumingMemoryBound(to: UInt32.self)[bin] += sample.weight
    }
  }

  static func rotated(_ value: UInt8) -> UInt8 { value % 16 * 16 + value / 16 }

  static func bestGiniCut(
    histogram: UnsafeRawPointer, node: HistogramNode, floor: Double, scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> FeatureCut {
    bestCut(histogram, node, floor, score: giniScore)
  }

  private static func giniScore(_ left: [Int], _ right: [Int]) -> Double {
    func squares(_ weights: [Int]) -> Double { weights.reduce(0) { $0 + Double($1) * Double($1) } }
    let (leftWeight, rightWeight) = (Double(left.reduce(0, +)), Double(right.reduce(0, +)))
    return (squares(left) * rightWeight + squares(right) * leftWeight) / (leftWeight * rightWeight)
  }

  static func bestEntropyCut(
    histogram: UnsafeRawPointer, node: HistogramNode, floor: Double, terms: UnsafePointer<Int64>,
    scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> FeatureCut {
    bestCut(histogram, node, floor) { entropyScore($0, $1, terms) }
  }

  private static func entropyScore(_ left: [Int], _ right: [Int], _ terms: UnsafePointer<Int64>) -> Double {
    let sum = (left + right).reduce(0) { $0 + terms[$1] }
    return Double(sum - terms[left.reduce(0, +)] - terms[right.reduce(0, +)])
  }

  private static func bestCut(
    _ histogram: UnsafeRawPointer, _ node: HistogramNode, _ floor: Double,
    score: (_ left: [Int], _ right: [Int]) -> Double
  ) -> FeatureCut {
    var best = FeatureCut(score: -.infinity, value: 0)
    var left = [Int](repeating: 0, count: node.labelCount)
    let labels = (0..<node.labelCount).map { Int(node.labels[$0]) }
    var leftCount = 0
    for value in 0...255 as ClosedRange<UInt8> {
      for (rank, label) in labels.enumerated() {
        let bin = label * 1024 + Int(rotated(value))
        switch node.bins {
        case .narrow: left[rank] += Int(histogram.assumingMemoryBound(to: UInt16.self)[bin])
        case .wide: left[rank] += Int(histogram.assumingMemoryBound(to: UInt32.self)[bin])
        }
      }
      let right = zip(labels, left).map { Int(node.labelWeights[$0]) - $1 }
      leftCount += Int(node.valueCounts[Int(rotated(value))])
      let leastCount = node.minSamplesLeaf > 1 ? min(leftCount, node.count - leftCount) : node.count
      if left.reduce(0, +) == 0 || right.reduce(0, +) == 0 || leastCount < node.minSamplesLeaf { continue }
      let score = score(left, right)
      if score > best.score && score >= floor { best = FeatureCut(score: score, value: value) }
    }
    return best
  }

  static func bestGiniCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, node: SmallNode,
    scratch: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> LaneCut {
    bestCut(lanes, features, featureCount, node) { left, right in
      func squares(_ weights: [Int]) -> Int { weights.reduce(0) { $0 + $1 * $1 } }
      let (leftWeight, rightWeight) = (left.reduce(0, +), right.reduce(0, +))
      return Double(
        Float(squares(left) * rightWeight + squares(right) * leftWeight) / Float(leftWeight * rightWeight))
    }
  }

  static func bestEntropyCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, node: SmallNode,
    terms: UnsafePointer<Int32>, scratch: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> LaneCut {
    bestCut(lanes, features, featureCount, node) { left, right in
      let sum = (left + right).reduce(0) { $0 + Int(terms[$1]) }
      return Double(sum - Int(terms[left.reduce(0, +)]) - Int(terms[right.reduce(0, +)]))
    }
  }

  private static func bestCut(
    _ lanes: UnsafePointer<UInt8>, _ features: UnsafePointer<UInt32>, _ featureCount: Int, _ node: SmallNode,
    score: (_ left: [Int], _ right: [Int]) -> Double
  ) -> LaneCut {
    var best = LaneCut()
    for lane in (0..<featureCount).sorted(by: { features[$0] < features[$1] }) {
      let values = Set((0..<node.count).map { rotated(lanes[$0 * 32 + lane]) }).sorted()
      if values.count > 1 { best.varyingLanes |= 1 << UInt32(lane) }
      for value in values.dropLast() {
        var left = [Int](repeating: 0, count: node.labelCount)
        var right = left
        var leftCount = 0
        for index in 0..<node.count {
          let (rank, weight) = (Int(node.codes[index]) / 16, Int(node.codes[index]) % 16)
          if rotated(lanes[index * 32 + lane]) <= value {
            left[rank] += weight
            leftCount += 1
          } else {
            right[rank] += weight
          }
        }
        if min(leftCount, node.count - leftCount) < node.minSamplesLeaf { continue }
        let score = score(left, right)
        if score > best.score { (best.score, best.lane, best.value) = (score, lane, value) }
      }
    }
    return best
  }

  static func bestRandomGiniCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, words: UnsafePointer<UInt32>,
    node: LaneNode
  ) -> LaneCut {
    bestRandomCut(lanes, features, featureCount, words, node, score: giniScore)
  }

  static func bestRandomEntropyCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, words: UnsafePointer<UInt32>,
    node: LaneNode, terms: UnsafePointer<Int64>
  ) -> LaneCut {
    bestRandomCut(lanes, features, featureCount, words, node) { entropyScore($0, $1, terms) }
  }

  private static func bestRandomCut(
    _ lanes: UnsafePointer<UInt8>, _ features: UnsafePointer<UInt32>, _ featureCount: Int,
    _ words: UnsafePointer<UInt32>, _ node: LaneNode, score: (_ left: [Int], _ right: [Int]) -> Double
  ) -> LaneCut {
    var best = LaneCut()
    for lane in (0..<featureCount).sorted(by: { features[$0] < features[$1] }) {
      let values = (0..<node.count).map { lanes[$0 * 32 + lane] }
      let (least, greatest) = (Int(values.min()!), Int(values.max()!))
      if least == greatest { continue }
      best.varyingLanes |= 1 << UInt32(lane)
      let cut = UInt8(least + Int(words[lane] >> 8) * (greatest - least) / (1 << 24))
      var left = [Int](repeating: 0, count: 256)
      var right = left
      for index in 0..<node.count {
        let sample = node.samples[index]
        if values[index] <= cut {
          left[sample.label] += Int(sample.weight)
        } else {
          right[sample.label] += Int(sample.weight)
        }
      }
      let leftCount = values.count { $0 <= cut }
      if min(leftCount, node.count - leftCount) < node.minSamplesLeaf { continue }
      let score = score(left, right)
      if score > best.score { (best.score, best.lane, best.value) = (score, lane, cut) }
    }
    return best
  }

  static let hasFastRowGroups = true

  static func groupRows(
    samples: UnsafePointer<TreeSample>, count: Int, limit: Int, masks: UnsafeMutablePointer<UInt64>,
    firstRows: UnsafeMutablePointer<UInt32>, labelEnds: UnsafeMutablePointer<UInt32>
  ) -> Int? {
    var groups: [(label: Int, firstRow: Int, rows: Set<Int>)] = []
    for index in 0..<count {
      let (label, row) = (samples[index].label, samples[index].row)
      if groups.isEmpty || groups.last!.label != label || groups.last!.firstRow != row / 64 * 64 {
        groups.append((label, row / 64 * 64, []))
      }
      groups[groups.count - 1].rows.insert(row)
    }
    if groups.count > limit { return nil }
    for (index, group) in groups.enumerated() {
      masks[index] = group.rows.reduce(0) { $0 | 1 << UInt64($1 - group.firstRow) }
      firstRows[index] = UInt32(group.firstRow)
    }
    for (rank, label) in Set(groups.map(\.label)).sorted().enumerated() {
      labelEnds[rank] = UInt32(groups.lastIndex { $0.label == label }! + 1)
    }
    return groups.count
  }

  static func bestRandomGiniCut(
    columns: UnsafePointer<UInt8>, columnStride: Int, features: UnsafePointer<UInt32>, featureCount: Int,
    words: UnsafePointer<UInt32>, node: GroupedNode, scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> LaneCut {
    withLanes(columns, columnStride, features, featureCount, node) { lanes, laneNode in
      bestRandomGiniCut(lanes: lanes, features: features, featureCount: featureCount, words: words, node: laneNode)
    }
  }

  static func bestRandomEntropyCut(
    columns: UnsafePointer<UInt8>, columnStride: Int, features: UnsafePointer<UInt32>, featureCount: Int,
    words: UnsafePointer<UInt32>, node: GroupedNode, terms: UnsafePointer<Int64>,
    scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> LaneCut {
    withLanes(columns, columnStride, features, featureCount, node) { lanes, laneNode in
      bestRandomEntropyCut(
        lanes: lanes, features: features, featureCount: featureCount, words: words, node: laneNode, terms: terms)
    }
  }

  /// Calls `body` with the same node in lanes.
  private static func withLanes(
    _ columns: UnsafePointer<UInt8>, _ columnStride: Int, _ features: UnsafePointer<UInt32>, _ featureCount: Int,
    _ node: GroupedNode, _ body: (UnsafePointer<UInt8>, LaneNode) -> LaneCut
  ) -> LaneCut {
    var samples: [TreeSample] = []
    var group = 0
    for rank in 0..<node.labelCount {
      while group < node.labelEnds[rank] {
        for bit in 0..<64 where node.masks[group] >> UInt64(bit) & 1 == 1 {
          samples.append(TreeSample(row: node.firstRows[group] + UInt32(bit), weight: 1, label: node.labels[rank]))
        }
        group += 1
      }
    }
    let lanes = AlignedBuffer<UInt8>(count: samples.count * 32)
    gatherLanes(
      samples: samples, count: samples.count, columns: columns, columnStride: columnStride, features: features,
      featureCount: featureCount, lanes: lanes.pointer)
    return samples.withUnsafeBufferPointer { samples in
      body(
        UnsafePointer(lanes.pointer),
        LaneNode(
          samples: samples.baseAddress!, count: samples.count, labels: node.labels, labelCount: node.labelCount,
          labelWeights: node.labelWeights, minSamplesLeaf: node.minSamplesLeaf))
    }
  }

  static func partition(
    samples: UnsafeMutablePointer<TreeSample>, count: Int, values: UnsafePointer<UInt8>, stride: Int, areRotated: Bool,
    cut: UInt8, spare: UnsafeMutablePointer<TreeSample>
  ) -> NodePartition {
    partition(samples, (0..<count).map { values[samples[$0].row * stride] }, areRotated: areRotated, cut: cut)
  }

  static func partition(
    samples: UnsafeMutablePointer<TreeSample>, count: Int, orderedValues: UnsafePointer<UInt8>, stride: Int,
    areRotated: Bool, cut: UInt8, spare: UnsafeMutablePointer<TreeSample>
  ) -> NodePartition {
    partition(samples, (0..<count).map { orderedValues[$0 * stride] }, areRotated: areRotated, cut: cut)
  }

  private static func partition(
    _ samples: UnsafeMutablePointer<TreeSample>, _ stored: [UInt8], areRotated: Bool, cut: UInt8
  ) -> NodePartition {
    let all = stored.enumerated().map { (sample: samples[$0], value: areRotated ? rotated($1) : $1) }
    let left = all.filter { $0.value <= cut }
    let right = all.filter { $0.value > cut }
    for (index, part) in (left + right).enumerated() { samples[index] = part.sample }
    return NodePartition(
      leftCount: left.count, largestLeft: left.map(\.value).max() ?? 0, smallestRight: right.map(\.value).min() ?? 255)
  }

  static func findLeaves(
    nodes: UnsafePointer<TreeNode>, nodeCount: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    images: UnsafePointer<UInt32>, count: Int, leaves: UnsafeMutablePointer<UInt32>
  ) {
    for index in 0..<count {
      var place = 0
      while !nodes[place].isLeaf {
        let value = rows[Int(images[index]) * rowStride + nodes[place].feature]
        place = value <= nodes[place].threshold ? place + 1 : Int(nodes[place].link)
      }
      leaves[index] = nodes[place].link
    }
  }
}
