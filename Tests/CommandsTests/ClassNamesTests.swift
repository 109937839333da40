import Datasets
import Foundation
import Testing

/// The classes of a model are matched to those of a data set by name, never by position alone.
@Suite struct ClassNamesTests {
  let folder: TemporaryFolder
  /// A data set with the classes cat, hen and owl.
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
    for kind in ["tree", "knn"] {
      let run = try AtelierProcess(["train", kind, "--data", data, "--output", kind], in: folder)
      #expect(run.status == 0, "\(run.errors)")
    }
  }

  /// Writes the same images with other class names and labels; no names if `names` is empty.
  private func write(_ names: [String], labels: (UInt8) -> UInt8 = { $0 }) throws -> String {
    let other = folder.file("other")
    try? FileManager.default.removeItem(atPath: other)
    try FileManager.default.copyItem(atPath: data, toPath: other)
    for (prefix, count) in [("train", 90), ("t10k", 30)] {
      let elements = (0..<count).map { labels(UInt8($0 % TinyData.classes)) }
      try IDX.write(dimensions: [count], elements: elements, to: "\(other)/\(prefix)-labels-idx1-ubyte")
    }
    if names.isEmpty {
      try FileManager.default.removeItem(atPath: "\(other)/classes.txt")
    } else {
      try folder.write(names.joined(separator: "\n"), to: "other/classes.txt")
    }
    return other
  }

  private func evaluate(_ model: String, on data: String) throws -> AtelierProcess {
    try AtelierProcess(["evaluate", model, "--data", data], in: folder)
  }

  @Test func matchesReorderedClassesByName() throws {
    let other = try write(["owl", "cat", "hen"], labels: { ($0 + 1) % 3 })
    let (found, expected) = (try evaluate("knn", on: other), try evaluate("knn", on: data))
    #expect(found.status == 0 && found.output == expected.output, "\(found.errors)")
    #expect(
      found.errors
        == "warning: other: the classes are in a different order than the model's, and are matched by name\n")
    let explained = try AtelierProcess(["explain", "knn", "--data", other, "--output", "page"], in: folder)
    #expect(explained.status == 0 && explained.errors.contains("matched by name"))
  }

  @Test(arguments: [
    (["ant", "cat", "hen"], "missing here: owl; unknown to the model: ant"),
    (["cat", "hen", "owl", "yak"], "unknown to the model: yak"),
    (["ant", "bee", "yak"], "missing here: cat, hen, owl"),
  ]) func refusesOtherClassesAndNamesDifference(names: [String], difference: String) throws {
    let other = try write(names)
    for command in [["evaluate", "tree"], ["explain", "tree", "--output", "page"]] {
      let run = try AtelierProcess(command + ["--data", other], in: folder)
      #expect(run.status == 65 && run.errors.contains(difference), "\(run.errors)")
      #expect(run.output.isEmpty && !folder.names.contains("page"))
    }
  }

  /// Class numbers without names cannot be compared, whether the data set or the model lacks the names.
  @Test func unnamedClassesAreMatchedByNumberWithWarning() throws {
    let unnamed = try write([])
    let found = try evaluate("knn", on: unnamed)
    #expect(found.status == 0 && found.errors.contains("the data set's classes have numbers and no names"))
    #expect(try found.output == evaluate("knn", on: data).output)
    try AtelierProcess(["train", "tree", "--data", unnamed, "--output", "numbers"], in: folder)
    #expect(try evaluate("numbers", on: data).errors.contains("the model's classes have numbers and no names"))
  }

  @Test func unicodeFormsOfClassNamesAreEqual() throws {
    for (name, form) in [("composed", "caf\u{e9}"), ("decomposed", "cafe\u{301}")] {
      let data = try write([form, "hen", "owl"])
      try AtelierProcess(["train", "tree", "--data", data, "--output", name], in: folder)
      for model in ["composed", "decomposed"] where folder.names.contains(model) {
        let run = try evaluate(model, on: data)
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      }
    }
    #expect(try folder.bytes("composed") == folder.bytes("decomposed"))
  }

  @Test func imagesOfAnotherShapeAreResized() throws {
    let other = try write(["cat", "hen", "owl"])
    for (prefix, count) in [("train", 90), ("t10k", 30)] {
      let pixels = [UInt8](repeating: 1, count: count * 16)
      try IDX.write(dimensions: [count, 4, 4], elements: pixels, to: "\(other)/\(prefix)-images-idx3-ubyte")
    }
    let run = try evaluate("tree", on: other)
    #expect(run.status == 0, "\(run.errors)")
  }

  // MARK: Runs

  private func trainRun() throws -> String {
    let run = try AtelierProcess(["train", "tree", "--data", data], in: folder)
    #expect(run.status == 0, "\(run.errors)")
    return try #require(folder.names(in: "runs").first { !$0.hasPrefix("atelier.sqlite") })
  }

  @Test func reportMatchesClassesByName() throws {
    _ = try trainRun()
    let other = try write(["owl", "cat", "hen"], labels: { ($0 + 1) % 3 })
    let run = try AtelierProcess(["report", "latest", "--data", other], in: folder)
    #expect(run.status == 0 && run.errors.contains("matched by name"), "\(run.errors)")
    let wrong = try AtelierProcess(["report", "latest", "--data", try write(["ant", "cat", "hen"])], in: folder)
    #expect(wrong.status == 65 && wrong.errors.contains("is not the data set of run"), "\(wrong.errors)")
    #expect(wrong.errors.contains("missing here: owl; unknown to the model: ant"), "\(wrong.errors)")
  }

  /// The model of a run is replaced by one with the same number of other classes.
  @Test func reportRefusesModelOfOtherClasses() throws {
    let name = try trainRun()
    let other = try write(["ant", "cat", "hen"])
    let model = "runs/\(name)/tree.safetensors"
    try AtelierProcess(["train", "tree", "--data", other, "--output", "changed"], in: folder)
    #expect(rename(folder.file("changed"), folder.file(model)) == 0)
    let run = try AtelierProcess(["report", name], in: folder)
    #expect(run.status == 65 && run.errors.contains("trained on another data set than data"), "\(run.errors)")
  }

  @Test func trainingResumesWithSameClassesOnly() throws {
    let options = ["--filters", "4", "--epochs", "3000", "--batch", "16", "--data", data, "--output", "net"]
    let run = try AtelierProcess.Started(["train", "cnn"] + options, in: folder)
    let checkpoint = "net.checkpoint.safetensors"
    for _ in 0..<3000 where run.process.isRunning && !folder.names.contains(checkpoint) { usleep(10_000) }
    kill(run.process.processIdentifier, SIGKILL)
    _ = try run.wait()
    try #require(folder.names.contains(checkpoint))
    let other = try write(["ant", "cat", "hen"])
    let resumed = try AtelierProcess(["train", "cnn", "--resume", checkpoint, "--data", other], in: folder)
    #expect(
      resumed.status == 65 && resumed.errors.contains("missing here: owl; unknown to the checkpoint: ant"),
      "\(resumed.errors)")
  }
}
