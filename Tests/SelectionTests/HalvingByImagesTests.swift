import Models
import Selection
import Testing

@Suite struct HalvingByImagesTests {
  private func definition(least: Int?, most: Int) -> SweepDefinition {
    var definition = SweepDefinition(.tree, spaces: [ParameterSpace(["max-depth": .list(["1", "2", "3"])])])
    definition.strategy = .halving(SuccessiveHalving(resource: .images, least: least, most: most))
    return definition
  }

  private func rungs(least: Int?, most: Int, images: Int = 60_000, classes: Int = 10) throws -> [Int] {
    let resolved = try definition(least: least, most: most).resolved(imageCount: images, classCount: classes)
    return (resolved.strategy.value as! HalvingSearch).halving.rungs
  }

  /// By default, the first rung has at least ten images of each class.
  @Test func defaultOfFirstRungDependsOnClasses() throws {
    #expect(try rungs(least: nil, most: 1000) == [111, 333, 1000])
    #expect(try rungs(least: nil, most: 1000, classes: 2) == [37, 111, 333, 1000])
    #expect(try rungs(least: nil, most: 50) == [50])
    #expect(try rungs(least: 1, most: 50) == [1, 5, 16, 50])
  }

  @Test func refusesMoreImagesThanThereAre() throws {
    #expect(try rungs(least: nil, most: 60, images: 60).last == 60)
    let error = #expect(throws: SweepError.self) { try rungs(least: nil, most: 61, images: 60) }
    #expect(error?.description == "max-resource is 61 images, but there are only 60 training images")
  }

  @Test func otherStrategiesDoNotDependOnImages() throws {
    var definition = SweepDefinition(.forest, spaces: [ParameterSpace([:])])
    for strategy in [
      SweepDefinition.Strategy.grid, .random(3),
      .halving(SuccessiveHalving(resource: .trees, least: nil, most: 1000)),
    ] {
      definition.strategy = strategy
      #expect(try definition.resolved(imageCount: 1, classCount: 1) == definition)
    }
  }

  /// The number of images is shown like the number of epochs, but is not a setting of the model.
  @Test func summaryHasTheNumberOfImages() {
    let row = SweepTable.Row(
      Configuration(.tree, [.init("max-depth", "1")]), rung: (0, 50),
      outcomes: [FitOutcome(scores: ["accuracy": 0.5])], times: [])
    let table = SweepTable([row], metric: .accuracy, splits: 1)
    let summary = SweepSummary(table, of: .tree, resource: .images)
    #expect(summary.rows[0].parameters == ["max-depth": "1", "images": "50"])
    #expect(SweepSummary(table, of: .tree).rows[0].parameters == ["max-depth": "1"])
  }
}
