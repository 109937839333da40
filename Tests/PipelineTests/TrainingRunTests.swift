import Cluster
import Foundation
import Models
import Pipeline
import Progress
import Runs
import Testing

/// Fits in this process, from settings to a recorded model.
@Suite struct TrainingRunTests {
  let runs: TestRuns

  init() throws { runs = try TestRuns() }

  private static let network = [
    "filters": "4,8", "dense": "8", "epochs": "6", "batch": "16", "shards": "4", "validation": "0.2",
  ]

  @Test(arguments: ["forest", "tree", "knn", "cnn"]) func recordsSavedAndEvaluatedModel(kind: String) throws {
    let settings = try ModelSettings(
      ModelKind(kind), kind == "cnn" ? Self.network : kind == "forest" ? ["trees": "7"] : [:])
    let observer = RecordingObserver()
    let path = try runs.fit(settings, observer: observer)
    let saved = try SavedModel(path: path)
    let fit = try #require(observer.fits.first)
    #expect(observer.fits.count == 1 && fit.digest == saved.digest && fit.settings == settings.text)
    #expect(fit.testAccuracy == saved.metadata.testAccuracy && fit.testImages == 30)
    #expect(observer.steps == [kind, "test images"] && observer.openSteps == 0)
    // The checkpoint of an epoch is skipped while the previous one is being saved.
    #expect(observer.epochs.isEmpty == (kind != "cnn") && observer.epochs == observer.epochs.sorted())
    #expect(observer.unfinished.isEmpty)

    let record = try runs.folders.record()
    let run = try runs.folders.find("latest", in: record)
    #expect(run.state == .finished && run.kind == "train" && run.definition == settings.definition)
    #expect(try record.models(of: run.name).map(\.digest) == [saved.digest])
    #expect(runs.folders.name(ofRunWith: path) == run.name)
  }

  @Test func stoppedNetworkResumesWithEqualBytes() throws {
    let settings = try ModelSettings(.cnn, Self.network)
    let whole = try runs.fit(settings, observer: RecordingObserver())

    let observer = RecordingObserver { progress, _ in progress.fit.validationAccuracy != nil && progress.fit.epoch == 2
    }
    var path = ""
    #expect(throws: CancellationError.self) {
      try runs.folders.withNewFolder { folder in
        path = "\(folder)/cnn.safetensors"
        _ = try runs.run(observer: observer) { try $0.fit(settings, savingTo: path) }
      }
    }
    #expect(observer.openSteps == 0 && observer.fits.isEmpty)
    #expect(observer.unfinished == [.training(.cnn, checkpoint: CheckpointName.of(model: path))])
    #expect(try runs.folders.find("latest", in: runs.folders.record()).state == .interrupted)

    let found = try ResumableRun("latest", of: [.cnn, .forest], in: runs.folders)
    #expect(found.kind == .cnn)
    let checkpoint = try NetworkCheckpoint(path: CheckpointName.checkpoint(found.path))
    #expect(1..<6 ~= checkpoint.epochs && observer.epochs.last == checkpoint.epochs)
    #expect(try SavedProgress.warning(checkpoint, at: CheckpointName.of(model: path), in: runs.folders) == nil)
    let resumed = RecordingObserver()
    let report = try runs.run(observer: resumed) { try $0.fit(settings, savingTo: path, from: checkpoint) }
    #expect(report.history.count == 6 && resumed.epochs.allSatisfy { checkpoint.epochs...6 ~= $0 })
    #expect(try runs.bytes(path) == runs.bytes(whole))
    #expect(!FileManager.default.fileExists(atPath: CheckpointName.of(model: path)))
    #expect(try runs.folders.find("latest", in: runs.folders.record()).state == .finished)
  }

  @Test func stoppedForestResumesWithEqualBytes() throws {
    let settings = try ModelSettings(.forest, ["trees": "20000"])
    let whole = try runs.fit(settings, observer: RecordingObserver())

    let observer = RecordingObserver { progress, _ in progress.fit.done > 0 }
    #expect(throws: CancellationError.self) { try runs.fit(settings, observer: observer) }
    guard case .parts(.forest, let folder) = observer.unfinished.first else {
      Issue.record("\(observer.unfinished)")
      return
    }
    let found = try ResumableRun("latest", of: [.cnn, .forest], in: runs.folders)
    let unfinished = try UnfinishedFit.resumption(ofRun: found.path, found.kind)
    #expect(unfinished.settings == settings && unfinished.output == "\(found.path)/forest.safetensors")
    #expect(folder == "\(found.path)/forest.parts")
    let resumed = RecordingObserver()
    _ = try runs.run(observer: resumed) { try $0.fit(unfinished.settings, savingTo: unfinished.output) }
    #expect(try runs.bytes(unfinished.output) == runs.bytes(whole))
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  /// An observer that cannot show a network ends its training, as an error of a checkpoint does.
  @Test func errorOfObserverEndsTraining() throws {
    struct Failure: Error {}
    let observer = RecordingObserver()
    observer.onNetwork = { _ in throw Failure() }
    #expect(throws: Failure.self) { try runs.fit(ModelSettings(.cnn, Self.network), observer: observer) }
    #expect(observer.epochs.count == 1 && observer.openSteps == 0)
    #expect(try runs.folders.find("latest", in: runs.folders.record()).state == .failed)
  }
}
