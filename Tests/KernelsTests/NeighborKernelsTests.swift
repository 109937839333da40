import Compute
import KernelInterface
import Testing

@Suite struct NeighborKernelsTests {
  private func bytes(_ count: Int, _ key: UInt32) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: Philox.words(seed: 2, .test, key, UInt32($0)).x) }
  }

  @Test(arguments: [0, 1, 2, 5, 6, 7, 13], [1, 2, 3, 5])
  func byteComparisonsAreExact(queries: Int, tiles: Int) {
    for words in [0, 1, 3, 16, 17] {
      let (tileWords, queryStride) = (words + 2, words + 1)
      let rows = AlignedBuffer(bytes(tiles * tileWords * 64, 1))
      let queryBytes = bytes(queries * queryStride * 4, 2)
      let queryWords = AlignedBuffer<Int32>(count: queries * queryStride)
      UnsafeMutableRawPointer(queryWords.pointer).copyMemory(from: queryBytes, byteCount: queryBytes.count)
      for comparison in [Comparison.products, .differences] {
        var expected = [Double](repeating: 0.5, count: queries * tiles * 16)
        for query in 0..<queries {
          for row in 0..<tiles * 16 {
            for place in 0..<words * 4 {
              let value = Int(rows.pointer[(row / 16 * tileWords + place / 4) * 64 + row % 16 * 4 + place % 4])
              let other = queryBytes[query * queryStride * 4 + place]
              expected[query * tiles * 16 + row] += Double(
                comparison == .products ? value * Int(Int8(bitPattern: other)) : abs(value - Int(other)))
            }
          }
        }
        for set in InstructionSet.available {
          let totals = AlignedBuffer([Double](repeating: 0.5, count: queries * tiles * 16))
          set.kernels.compareBytes(
            comparison, queries: queries, tiles: tiles, words: words, rows: rows.pointer, tileWords: tileWords,
            queryWords: queryWords.pointer, queryStride: queryStride, totals: totals.pointer)
          #expect(Array(totals.elements) == expected, "\(comparison), \(words) words on \(set)")
        }
      }
    }
  }

  /// 16384 words of extreme bytes have the largest sums that the contract allows.
  @Test func largestAllowedSumsDoNotOverflow() {
    let words = 16384
    let rows = AlignedBuffer([UInt8](repeating: 255, count: words * 64))
    for (byte, comparison) in [(UInt8(128), Comparison.products), (127, .products), (0, .differences)] {
      let word = Int32(bitPattern: UInt32(byte) * 0x0101_0101)
      let query = AlignedBuffer([Int32](repeating: word, count: words))
      let each = comparison == .products ? 255 * Int(Int8(bitPattern: byte)) : 255
      for set in InstructionSet.available {
        let totals = AlignedBuffer<Double>(count: 16)
        set.kernels.compareBytes(
          comparison, queries: 1, tiles: 1, words: words, rows: rows.pointer, tileWords: words,
          queryWords: query.pointer, queryStride: words, totals: totals.pointer)
        #expect(totals.elements.allSatisfy { $0 == Double(each * words * 4) })
      }
    }
  }

  @Test(arguments: [0, 1, 3, 4, 5, 9], [0, 1, 2, 17]) func floatSumsRunInOrder(queries: Int, components: Int) {
    for tiles in 1...3 { compareFloats(queries: queries, components: components, tiles: tiles) }
  }

  private func compareFloats(queries: Int, components: Int, tiles: Int) {
    let rows = randomFloats(tiles * components * 16, 50)
    let values = randomFloats(queries * components, 51)
    for comparison in [FloatComparison.products, .squaredDifferences, .absoluteDifferences] {
      var expected: [Double] = []
      for query in 0..<queries {
        for row in 0..<tiles * 16 {
          var sum: Float = 0
          for component in 0..<components {
            let value = rows.pointer[(row / 16 * components + component) * 16 + row % 16]
            let other = values.pointer[query * components + component]
            switch comparison {
            case .products: sum.addProduct(value, other)
            case .squaredDifferences: sum.addProduct(value - other, value - other)
            case .absoluteDifferences: sum += abs(value - other)
            }
          }
          expected.append(Double(sum))
        }
      }
      for set in InstructionSet.available {
        let totals = AlignedBuffer<Double>(count: queries * tiles * 16)
        set.kernels.compareFloats(
          comparison, queries: queries, tiles: tiles, components: components, rows: rows.pointer,
          queryValues: values.pointer, totals: totals.pointer)
        #expect(Array(totals.elements) == expected, "\(comparison) on \(set)")
      }
    }
  }

  @Test(arguments: [0, 1, 15, 16, 17, 40], [1, 2, 15, 16, 17, 50])
  func floatPairsHaveSumsOfTheirTiles(count: Int, components: Int) {
    let (rows, queries) = (9, 5)
    let rowValues = randomFloats(rows * components, 52)
    let queryValues = randomFloats(queries * components, 53)
    let rowNumbers = (0..<count).map { Int32($0 * 7 % rows) }
    let queryNumbers = (0..<count).map { Int32($0 * 3 % queries) }
    for comparison in [FloatComparison.products, .squaredDifferences, .absoluteDifferences] {
      let expected = (0..<count).map { pair -> Double in
        var sum: Float = 0
        for component in 0..<components {
          let value = rowValues.pointer[Int(rowNumbers[pair]) * components + component]
          let other = queryValues.pointer[Int(queryNumbers[pair]) * components + component]
          switch comparison {
          case .products: sum.addProduct(value, other)
          case .squaredDifferences: sum.addProduct(value - other, value - other)
          case .absoluteDifferences: sum += abs(value - other)
          }
        }
        return Double(sum)
      }
      for set in InstructionSet.available {
        let totals = AlignedBuffer<Double>(count: (count + 15) / 16 * 16)
        set.kernels.compareFloatPairs(
          comparison, components: components, rows: rowValues.pointer, queryValues: queryValues.pointer,
          rowNumbers: rowNumbers, queryNumbers: queryNumbers, count: count, totals: totals.pointer)
        #expect(totals.elements.prefix(count).elementsEqual(expected), "\(comparison) on \(set)")
      }
    }
  }

  @Test func keysAreShiftedScaledAndComparedWithLimit() {
    let totals = (0..<16).map { Double($0) }
    let shift = AlignedBuffer((0..<16).map { $0 == 3 ? Double.infinity : Double($0 % 5) })
    let factor = AlignedBuffer((0..<16).map { $0 % 2 == 0 ? -2.0 : 1.0 })
    factor.pointer[3] = 1
    let keys = (0..<16).map { (totals[$0] + shift.pointer[$0]) * factor.pointer[$0] }
    for limit in [-10.0, 0, 4, .infinity] {
      for set in InstructionSet.available {
        let result = AlignedBuffer(totals)
        let below = set.kernels.keysBelow(
          limit, totals: result.pointer, shift: shift.pointer, factor: factor.pointer)
        #expect(Array(result.elements) == keys)
        #expect((0..<32).allSatisfy { (below >> UInt32($0) & 1 == 1) == ($0 < 16 && keys[$0 % 16] < limit) })
      }
    }
  }

  // MARK: Sketches and selected rows

  @Test(arguments: [1, 3, 4, 63, 64, 65, 130, 221]) func tilesHoldRowsByWords(rowBytes: Int) {
    let rows = AlignedBuffer(bytes(5 * rowBytes, 3))
    let numbers = (0..<16).map { Int32($0 * 7 % 5) }
    let words = (rowBytes + 3) / 4
    let expected = (0..<words * 64).map { place -> UInt8 in
      let (byte, row) = (place / 64 * 4 + place % 4, Int(numbers[place % 64 / 4]))
      return byte < rowBytes ? rows.pointer[row * rowBytes + byte] : 0
    }
    for set in InstructionSet.available {
      let tile = AlignedBuffer([UInt8](repeating: 7, count: (words + 15) / 16 * 1024))
      set.kernels.packTile(rows: rows.pointer, rowBytes: rowBytes, numbers: numbers, tile: tile.pointer)
      #expect(Array(tile.elements.prefix(words * 64)) == expected, "\(set)")
    }
  }

  @Test(arguments: [0, 1, 5, 6, 7, 13], [1, 2, 3, 4]) func rowsWithinLimitsAreMarked(queries: Int, tiles: Int) {
    for words in [1, 16, 17] {
      let rows = AlignedBuffer(bytes(tiles * words * 64, 4))
      let queryBytes = bytes(queries * words * 4, 5)
      let queryWords = AlignedBuffer<Int32>(count: queries * words)
      UnsafeMutableRawPointer(queryWords.pointer).copyMemory(from: queryBytes, byteCount: queryBytes.count)
      let offsets = AlignedBuffer(bytes(tiles * 16, 6).map { Int32($0) * 16 - 2048 })
      for comparison in [Comparison.products, .differences] {
        var sums: [[Int]] = []
        for query in 0..<queries {
          sums.append(
            (0..<tiles * 16).map { row in
              (0..<words * 4).reduce(Int(offsets.pointer[row])) { sum, place in
                let value = Int(rows.pointer[(row / 16 * words + place / 4) * 64 + row % 16 * 4 + place % 4])
                let other = queryBytes[query * words * 4 + place]
                return sum
                  + (comparison == .products ? value * Int(Int8(bitPattern: other)) : abs(value - Int(other)))
              }
            })
        }
        // Each limit is the sum of a row, which is the first or last that is within it.
        let limits = sums.map { Int32($0[$0.count / 2]) }
        let expected = sums.indices.flatMap { query in
          (0..<tiles).map { tile in
            (0..<16).reduce(UInt16(0)) { mask, lane in
              let (sum, limit) = (sums[query][tile * 16 + lane], Int(limits[query]))
              return (comparison == .products ? sum >= limit : sum <= limit) ? mask | 1 << UInt16(lane) : mask
            }
          }
        }
        for set in InstructionSet.available {
          let masks = AlignedBuffer([UInt16](repeating: 0x5555, count: queries * tiles))
          let marks = set.kernels.rowsWithinLimits(
            comparison, queries: queries, tiles: tiles, words: words, rows: rows.pointer, offsets: offsets.pointer,
            queryWords: queryWords.pointer, limits: limits, masks: masks.pointer)
          #expect(Array(masks.elements) == expected, "\(comparison), \(words) words on \(set)")
          #expect(marks == expected.reduce(0) { $0 + $1.nonzeroBitCount })
        }
      }
    }
  }

  @Test(arguments: [1, 5, 63, 64, 65, 128, 221], [0, 1, 3, 4, 5, 9])
  func selectedRowsAreComparedExactly(length: Int, count: Int) {
    // The last row ends at the end of the memory.
    let rows = bytes(6 * length, 7)
    let query = AlignedBuffer<UInt8>(count: (length + 63) / 64 * 64)
    for (place, byte) in bytes(length, 8).enumerated() { query.pointer[place] = byte }
    let numbers = (0..<count).map { Int32($0 * 5 % 6) }
    for comparison in [Comparison.products, .differences] {
      let expected = numbers.map { number in
        (0..<length).reduce(0.0) { sum, place in
          let (value, other) = (Int(rows[Int(number) * length + place]), query.pointer[place])
          return sum + Double(comparison == .products ? value * Int(Int8(bitPattern: other)) : abs(value - Int(other)))
        }
      }
      for set in InstructionSet.available {
        let totals = AlignedBuffer<Double>(count: count)
        set.kernels.compareRows(
          comparison, length: length, rows: rows, query: query.pointer, numbers: numbers + [3, 1], count: count,
          following: 2, totals: totals.pointer)
        #expect(Array(totals.elements) == expected, "\(comparison) on \(set)")
      }
    }
  }

  @Test func longestSelectedRowsDoNotOverflow() {
    let length = 65536
    let rows = [UInt8](repeating: 255, count: length)
    for (byte, comparison) in [(UInt8(128), Comparison.products), (127, .products), (0, .differences)] {
      let query = AlignedBuffer([UInt8](repeating: byte, count: length))
      let each = comparison == .products ? 255 * Int(Int8(bitPattern: byte)) : 255
      for set in InstructionSet.available {
        let total = AlignedBuffer<Double>(count: 1)
        set.kernels.compareRows(
          comparison, length: length, rows: rows, query: query.pointer, numbers: [0], count: 1, following: 0,
          totals: total.pointer)
        #expect(total.pointer[0] == Double(each * length))
      }
    }
  }
}
