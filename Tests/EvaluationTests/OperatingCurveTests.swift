import Compute
import Evaluation
import Testing

@Suite struct OperatingCurveTests {
  @Test func matchesScikitLearnWithTies() throws {
    let fixture = try MetricsFixture.load()
    let curves = OperatingCurve.all(try fixture.predictions())
    #expect(curves.map(\.label) == [0, 1, 2, 3])
    for (found, expected) in zip(curves, fixture.curves) {
      #expect(abs(found.areaUnderROC - expected.areaUnderROC) < 1e-12)
      #expect(abs(found.averagePrecision - expected.averagePrecision) < 1e-12)
      // The thinned points are on scikit-learn's curve and include both ends.
      for point in found.points {
        let index = try #require(
          point.threshold.map { threshold in expected.thresholds.firstIndex(of: Double(threshold)).map { $0 + 1 } } ?? 0
        )
        #expect(abs(point.falsePositiveRate - expected.falsePositiveRates[index]) < 1e-12)
        #expect(abs(point.recall - expected.recalls[index]) < 1e-12)
        #expect(abs(point.precision - expected.precisions[index]) < 1e-12)
      }
      #expect(found.points.first?.threshold == nil && found.points.first?.precision == 1)
      #expect(found.points.last?.recall == 1 && found.points.last?.falsePositiveRate == 1)
    }
  }

  /// Each point of the full curve is within 0.4 % of the plot's side of the thinned curve.
  @Test func thinningPreservesTheShape() throws {
    let predictions = try simulated(8000)
    let curve = try #require(OperatingCurve(predictions, label: 0))
    #expect(curve.points.count <= OperatingCurve.maxPoints)
    let thinned = curve.points.map { SIMD2($0.falsePositiveRate, $0.recall) }
    let thinnedPrecision = curve.points.map { SIMD2($0.recall, $0.precision) }
    let order = predictions.labels.indices.sorted {
      predictions.probability($0, of: 0) > predictions.probability($1, of: 0)
    }
    var (hits, misses, strays) = (0.0, 0.0, 0.0)
    for image in order {
      if predictions.labels[image] == 0 { hits += 1 } else { misses += 1 }
      let (recall, falseRate) = (hits / Double(curve.positives), misses / Double(curve.negatives))
      strays = max(strays, distance(SIMD2(falseRate, recall), thinned))
      strays = max(strays, distance(SIMD2(recall, hits / (hits + misses)), thinnedPrecision))
    }
    #expect(strays < 0.004)
  }

  @Test func perfectModelHasUnitAreas() throws {
    let curves = OperatingCurve.all(try decided([(0, 0), (1, 1), (2, 2), (1, 1)], classCount: 3))
    #expect(curves.map(\.areaUnderROC) == [1, 1, 1] && curves.map(\.averagePrecision) == [1, 1, 1])
    #expect(try throughJSON(curves) == curves)
  }

  @Test func constantModelHasChanceAreas() throws {
    let predictions = try Predictions(
      probabilities: [Float](repeating: 0.5, count: 16), labels: [0, 0, 1, 1, 1, 1, 1, 1], classCount: 2)
    let curve = try #require(OperatingCurve(predictions, label: 0))
    #expect(curve.areaUnderROC == 0.5 && curve.averagePrecision == 0.25)
    #expect(curve.points.count == 2)
  }

  @Test func isNilWithoutPositivesOrNegatives() throws {
    let predictions = try decided([(0, 0), (0, 1)], classCount: 3)
    #expect(OperatingCurve.all(predictions).isEmpty)
  }

  /// Two classes with overlapping probabilities.
  private func simulated(_ images: Int) throws -> Predictions {
    var random = RandomSequence(seed: 5, .test)
    let labels = (0..<images).map { UInt8($0 % 3 == 0 ? 0 : 1) }
    let probabilities = labels.flatMap { label -> [Float] in
      let uniform = random.nextUniform()
      let first = label == 0 ? 1 - uniform * uniform : uniform * uniform
      return [first, 1 - first]
    }
    return try Predictions(probabilities: probabilities, labels: labels, classCount: 2)
  }

  private func distance(_ point: SIMD2<Double>, _ line: [SIMD2<Double>]) -> Double {
    zip(line, line.dropFirst()).map { start, end in
      let (direction, offset) = (end - start, point - start)
      let length = (direction * direction).sum()
      let along = length > 0 ? min(max((offset * direction).sum() / length, 0), 1) : 0
      let stray = offset - direction * along
      return (stray * stray).sum().squareRoot()
    }.min()!
  }
}
