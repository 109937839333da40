import Datasets
import Foundation
import Models
import Pipeline
import Progress
import Runs
import Selection
import Testing

/// Sweeps in this process, from a definition to the table and the best model.
@Suite struct SweepRunTests {
  let runs: TestRuns

  init() throws { runs = try TestRuns() }

  /// Searches in a new folder, or resumes a sweep.
  private func search(
    _ definition: SweepDefinition, observer: RecordingObserver, resuming before: RecordedSweep? = nil
  ) throws -> SweepReport {
    func search(_ name: String) throws -> SweepReport {
      let record = try RunRecord(folder: runs.folders.base)
      return try runs.run(observer: observer) { run in
        try SweepRun.perform(definition, name: name, record: record, run: run, resuming: before)
      }
    }
    if let before { return try before.withFolder(in: runs.folders) { try search(before.run.name) } }
    return try runs.folders.withNewFolder { try search(($0 as NSString).lastPathComponent) }
  }

  private static var halving: SweepDefinition {
    var definition = SweepDefinition(
      .cnn,
      spaces: [
        ParameterSpace([
          "filters": .list(["4", "4,8"]), "batch": .list(["16", "30", "45"]), "dense": .list(["8"]),
          "shards": .list(["4"]),
        ])
      ])
    definition.splits = .holdOut(0.3)
    definition.strategy = .halving(SuccessiveHalving(resource: .init(rawValue: "epochs")!, least: 4, most: 12))
    return definition
  }

  @Test func stoppedHalvingResumesWithEqualTable() throws {
    let whole = try search(Self.halving, observer: RecordingObserver())
    #expect(whole.summary.rows.count == 6 + 2 && whole.model != nil)

    let observer = RecordingObserver { _, sweep in sweep?.best != nil }
    // The progress is reported only ten times per second, and the search must not end before.
    observer.onTrials = { if !$0.scored.isEmpty { Thread.sleep(forTimeInterval: 0.2) } }
    #expect(throws: CancellationError.self) { try search(Self.halving, observer: observer) }
    let name = try runs.folders.find("latest", in: runs.folders.record()).name
    #expect(observer.unfinished == [.sweep(name)] && observer.openSteps == 0)
    #expect(observer.steps == ["sweep"] && observer.fits.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: "\(runs.folders.path(name))/scores.csv"))

    let before = try RecordedSweep("latest", of: .cnn, in: runs.folders)
    #expect(before.run.state == .interrupted && before.definition == Self.halving)
    #expect(before.classNames == TestRuns.dataset.classNames)
    let resumed = RecordingObserver()
    let report = try search(before.definition, observer: resumed, resuming: before)
    #expect(resumed.messages.contains { $0.contains("loaded from the record") })
    #expect(resumed.steps == ["sweep", "cnn", "test images"] && resumed.trials.last?.scored.count == 8)
    #expect(report.folder == runs.folders.path(name) && report.model?.digest == whole.model?.digest)
    for file in ["scores.csv", "cnn.safetensors"] {
      #expect(try runs.bytes("\(report.folder)/\(file)") == runs.bytes("\(whole.folder)/\(file)"), "\(file)")
    }
    #expect(try runs.folders.find("latest", in: runs.folders.record()).state == .finished)
  }

  @Test func bestModelEqualsDirectFit() throws {
    let definition = SweepDefinition(
      .tree, spaces: [ParameterSpace(["max-depth": .list(["1", "2", "none"])])])
    let observer = RecordingObserver()
    let report = try search(definition, observer: observer)
    let model = try #require(report.model)
    let fit = try runs.fit(ModelSettings(.tree, model.settings), observer: RecordingObserver())
    #expect(try SavedModel(path: fit).digest == model.digest)
    #expect(
      observer.trials.last?.total == 3 && observer.trials.last?.scored.first?.score == report.summary.rows[0].mean)
  }

  @Test func refusesOtherModelAndRunThatIsNoSweep() throws {
    _ = try runs.fit(ModelSettings(.tree, [:]), observer: RecordingObserver())
    #expect(throws: SweepError.self) {
      try RecordedSweep(runs.folders.record().runs()[0].name, of: nil, in: runs.folders)
    }
    var definition = SweepDefinition(.tree, spaces: [ParameterSpace(["max-depth": .list(["1"])])])
    definition.refit = false
    _ = try search(definition, observer: RecordingObserver())
    #expect(throws: SweepError.self) { try RecordedSweep("latest", of: .knn, in: runs.folders) }
    #expect(try RecordedSweep("latest", of: .tree, in: runs.folders).definition == definition)
  }
}
