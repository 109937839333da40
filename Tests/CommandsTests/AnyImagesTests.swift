import Compute
import Datasets
import Foundation
import Models
import Testing

/// Images of any size and kind, from the options of commands to the predictions of saved models.
@Suite struct AnyImagesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func atelier(_ arguments: String...) throws -> AtelierProcess { try AtelierProcess(arguments, in: folder) }

  /// Writes class folders without a test set: images of several sizes, enlarged from those of the tiny data.
  private func writeClassFolders(_ name: String = "pets", count: Int = 45) throws {
    for (label, className) in ["cat", "hen", "owl"].enumerated() {
      let path = folder.file("\(name)/\(className)")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for number in stride(from: label, to: count, by: 3) {
        try writeImage(number, "\(name)/\(className)/\(number).png")
      }
    }
  }

  /// Writes an image of the tiny data, whose pixels are squares of a size that depends on the number.
  private func writeImage(_ number: Int, _ name: String, color: Bool = false) throws {
    let (scale, side) = (1 + number % 4, TinyData.side)
    let pixels = TinyData.image(number)
    let gray = (0..<side * scale).flatMap { y in (0..<side * scale).map { x in pixels[y / scale * side + x / scale] } }
    let shape = ImageShape(height: side * scale, width: side * scale, channels: color ? 3 : 1)
    // Almost gray, so that the conversion to gray hardly changes it.
    let colored = gray.flatMap { [$0, $0, $0 / 8 * 7] }
    try RasterImage(shape: shape, pixels: color ? colored : gray).write(folder.file(name))
  }

  @Test func conversionOfTheTrainingAppliesToOtherImages() throws {
    try writeClassFolders()
    let trained = try atelier("train", "tree", "--data", "pets", "--size", "8", "--output", "m")
    #expect(trained.status == 0 && trained.errors.contains("there is no test set; "), "\(trained.errors)")
    let metadata = try SavedModel(path: folder.file("m")).metadata
    #expect(metadata.conversion?.description == "color=gray,background=#ffffff,size=8x8,fit=crop")
    for number in 0..<4 { try writeImage(number, "new\(number).png") }
    try writeImage(0, "color.png", color: true)
    let predicted = try atelier(
      "predict", "m", "new0.png", "new1.png", "new2.png", "new3.png", "color.png", "--format", "csv")
    #expect(predicted.status == 0, "\(predicted.errors)")
    #expect(
      predicted.output.split(separator: "\n").map { $0.split(separator: ",")[1] }
        == ["prediction", "cat", "hen", "owl", "cat", "cat"])
    #expect(predicted.errors.contains("3 images were resized to 8x8 as in the training"), "\(predicted.errors)")
    #expect(predicted.errors.contains("color was converted to gray, as the model requires, in 1 image: color.png"))
    // The IDX files have other images than the folders, of 8x8 pixels.
    let data = try TinyData.write(into: folder)
    let evaluated = try atelier("evaluate", "m", "--data", data, "--json", "-")
    #expect(evaluated.status == 0 && evaluated.errors.contains("trained on another data set"), "\(evaluated.errors)")
    let split = try atelier("evaluate", "m", "--data", "pets", "--split-seed", "1")
    #expect(split.errors.contains("use --all-images for all"), "\(split.errors)")
    let all = try atelier("evaluate", "m", "--data", "pets", "--all-images")
    #expect(all.output.contains("45") && all.errors.contains("include those that the model was trained on"))
  }

  /// New images, one of each class or of one class only, are all evaluated; a training says what is missing.
  @Test func imagesThatCannotBeSplitAreEvaluated() throws {
    try writeClassFolders()
    _ = try atelier("train", "tree", "--data", "pets", "--size", "8", "--output", "m")
    try writeClassFolders("three", count: 3)
    let three = try atelier("evaluate", "m", "--data", "three", "--json", "e.json")
    #expect(three.status == 0 && three.errors.contains("all 3 images are evaluated"), "\(three.errors)")
    try writeClassFolders("one", count: 9)
    _ = try folder.shell("rm -r one/cat one/owl")
    let one = try atelier("evaluate", "m", "--data", "one")
    #expect(one.status == 0 && one.errors.contains("all 3 images are evaluated"), "\(one.errors)")
    let trained = try atelier("train", "tree", "--data", "three")
    #expect(trained.status == 65 && trained.errors.contains("add images, or a test set"), "\(trained.errors)")
    let single = try atelier("train", "tree", "--data", "one")
    #expect(single.status == 65 && single.errors.contains("only one class (hen) and no test set"), "\(single.errors)")
  }

  /// A network that is trained by a few steps learns little.
  @Test func fewStepsAreReported() throws {
    try writeClassFolders()
    let options = ["train", "cnn", "--data", "pets", "--size", "8", "--filters", "4", "--dense", "4", "--output", "n"]
    let few = try AtelierProcess(options, in: folder)
    #expect(few.status == 0, "\(few.errors)")
    #expect(few.errors.contains("only 4 steps of the optimizer (4 epochs of 1 batch), too few"), "\(few.errors)")
    #expect(few.errors.contains("add --epochs 100"), "\(few.errors)")
    let enough = try AtelierProcess(options + ["--epochs", "100"], in: folder)
    #expect(enough.status == 0 && !enough.errors.contains("steps of the optimizer"), "\(enough.errors)")
  }

  /// The digest of the data set and the model depend neither on workers nor on threads.
  @Test func workersTrainOnTheConvertedImages() throws {
    try writeClassFolders()
    for options in [["--threads", "1"], ["--workers", "2"]] {
      let run = try AtelierProcess(
        [
          "train", "forest", "--trees", "4", "--data", "pets", "--size", "6x9", "--fit", "pad",
          "--output", "m\(options[1])",
        ] + options, in: folder)
      #expect(run.status == 0, "\(run.errors)")
    }
    #expect(try folder.bytes("m1") == folder.bytes("m2"))
  }

  /// Models of older versions have no rule: images must have the shape of the training images.
  @Test func modelWithoutConversionNeedsImagesOfItsShape() throws {
    let data = try TinyData.write(into: folder)
    _ = try atelier("train", "tree", "--data", data, "--output", "m")
    let file = try SafetensorsFile(path: folder.file("m"))
    var entries = file.metadata
    #expect(entries.removeValue(forKey: "image.conversion") != nil)
    try HeaderDigest.sealed(entries, file.tensors).write(to: folder.file("old"))
    try TinyData.writeImage(0, to: folder.file("good.png"))
    try TinyData.writeImage(0, width: 16, to: folder.file("wide.png"))
    let wide = try atelier("predict", "old", "wide.png")
    #expect(wide.status == 78 && wide.output.isEmpty)
    #expect(wide.errors.contains("wide.png: the shape of the images is 4x16; the model was trained on images of 8x8"))
    let mixed = try atelier("predict", "old", "good.png", "wide.png", "missing.png")
    #expect(mixed.status == 65 && mixed.output.hasPrefix("good.png"), "\(mixed.errors)")
    try writeClassFolders()
    #expect(try atelier("evaluate", "old", "--data", "pets", "--all-images").status == 78)
    entries["image.conversion"] = "color=gray,background=#ffffff,size=9x8,fit=crop"
    try HeaderDigest.sealed(entries, file.tensors).write(to: folder.file("changed"))
    let changed = try atelier("predict", "changed", "good.png")
    #expect(changed.status == 65 && changed.errors.contains("image.conversion"), "\(changed.errors)")
  }

  // MARK: Predictions

  @Test func predictsFoldersListsAndStandardInput() throws {
    try writeClassFolders()
    _ = try atelier("train", "tree", "--data", "pets", "--size", "8", "--output", "m")
    try folder.write("x", to: "pets/cat/notes.md")
    let found = try atelier("predict", "m", "pets/cat", "--format", "csv")
    let lines = found.output.split(separator: "\n")
    #expect(found.status == 0 && lines.count == 16, "\(found.errors)")
    #expect(lines[0] == "image,prediction,probability,P(cat),P(hen),P(owl)")
    #expect(lines[1].hasPrefix("pets/cat/0.png,cat,"))
    #expect(found.errors.contains("1 file in the folders is not an image"))
    // Names in a list are relative to its folder.
    try folder.write("path,label\n\"cat/0.png\",x\nhen/1.png,y\n", to: "pets/list.csv")
    try folder.write("cat/0.png\r\nhen/1.png\r\n", to: "pets/list.txt")
    let expected = ["pets/cat/0.png cat", "pets/hen/1.png hen"]
    func names(_ run: AtelierProcess) throws -> [String] {
      #expect(run.status == 0, "\(run.errors)")
      return try run.output.split(separator: "\n").map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return "\(object?["image"] ?? "") \(object?["prediction"] ?? "")"
      }
    }
    for list in ["list.csv", "list.txt"] {
      #expect(try names(atelier("predict", "m", "pets/\(list)", "--format", "jsonl")) == expected)
    }
    try folder.write("path,label\ncat/0.png,x\n,y\n", to: "pets/short.csv")
    let short = try atelier("predict", "m", "pets/short.csv")
    #expect(short.status == 65 && short.errors.contains("line 3 has no name of an image"), "\(short.errors)")
    for text in ["pets/cat/0.png\\npets/hen/1.png", "pets/cat/0.png\\0pets/hen/1.png\\0"] {
      #expect(try names(folder.shell("printf '\(text)' | \"$ATELIER\" predict m - --format jsonl")) == expected)
    }
  }

  /// File names are bytes: those that are not UTF-8 are read, and written as they are in CSV.
  @Test func namesOfImagesAreBytes() throws {
    try writeClassFolders()
    _ = try atelier("train", "tree", "--data", "pets", "--size", "8", "--output", "m")
    let script = """
      mkdir more; cp pets/owl/2.png "more/$(printf 'caf\\351, au lait').png"; "$ATELIER" predict m more --format csv \
      > out.csv; "$ATELIER" predict m more --format jsonl
      """
    let run = try folder.shell(script)
    #expect(run.status == 0 && run.output.contains(#""image":"more/caf\\xE9, au lait.png""#), "\(run.output)")
    let field = Data("\"more/caf".utf8) + [0xe9] + Data(", au lait.png\",owl".utf8)
    #expect(try folder.bytes("out.csv").range(of: field) != nil)
  }

  /// A line that is the name of a file is one, although it contains a comma or begins like a header.
  @Test func namesOfImagesMayContainCommas() throws {
    try writeClassFolders()
    _ = try atelier("train", "tree", "--data", "pets", "--size", "8", "--output", "m")
    let names = ["image,1.png", "pets/owl/2.png,copy.png"]
    for name in names { _ = try folder.shell("cp pets/owl/2.png '\(name)'") }
    for list in [
      "image,1.png\\npets/owl/2.png\\npets/owl/2.png,copy.png\\n",
      "pets/owl/2.png,copy.png\\npets/owl/2.png\\nimage,1.png",
    ] {
      let predicted = try folder.shell("printf '\(list)' | \"$ATELIER\" predict m - --format jsonl")
      #expect(predicted.status == 0 && predicted.output.split(separator: "\n").count == 3, "\(predicted.errors)")
      #expect(predicted.output.contains("pets/owl/2.png,copy.png"), "\(predicted.output)")
    }
    let evaluated = try folder.shell(
      "printf 'pets/owl/2.png,copy.png\\npets/owl/2.png\\n' | \"$ATELIER\" evaluate m --data - --json e.json")
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    // A table without a header, as a training reads it.
    try folder.write("cat,cat/0.png\nhen,hen/1.png\n", to: "pets/list.csv")
    let list = try atelier("predict", "m", "pets/list.csv", "--format", "csv")
    let lines = list.output.split(separator: "\n").map { $0.split(separator: ",").prefix(2).joined(separator: " ") }
    #expect(lines == ["image prediction", "pets/cat/0.png cat", "pets/hen/1.png hen"], "\(list.errors)")
  }

  @Test func namesOfNoImagesAreAnError() throws {
    try writeClassFolders()
    _ = try atelier("train", "tree", "--data", "pets", "--size", "8", "--output", "m")
    let run = try folder.shell("\"$ATELIER\" predict m - < /dev/null")
    #expect(run.status == 66 && run.errors.contains("standard input: names no images"), "\(run.errors)")
    for name in ["a.GIF", "b.tif", "notes.md"] { try folder.write("x", to: "pets/cat/\(name)") }
    let found = try atelier("predict", "m", "pets/cat")
    #expect(found.status == 0 && found.errors.contains("1 file in the folders is not an image"), "\(found.errors)")
    #expect(found.errors.contains("2 images have a format that is not supported: pets/cat/a.GIF, pets/cat/b.tif;"))
  }

  @Test func damagedImagesAreReportedAndOthersPredicted() throws {
    try writeClassFolders()
    _ = try atelier("train", "tree", "--data", "pets", "--size", "8", "--output", "m")
    let bytes = try folder.bytes("pets/hen/1.png")
    try bytes.prefix(bytes.count - 20).write(to: URL(fileURLWithPath: folder.file("pets/hen/4.png")))
    let run = try atelier("predict", "m", "pets/hen", "nowhere", "--format", "jsonl")
    #expect(run.status == 65 && run.output.split(separator: "\n").count == 14, "\(run.errors)")
    #expect(run.errors.contains("pets/hen/4.png: is a truncated PNG image"))
    #expect(run.errors.contains("2 of 16 images could not be predicted"), "\(run.errors)")
    // Damaged images are reported by an evaluation as well, unless the user accepts them.
    let options = ["evaluate", "m", "--data", "pets", "--all-images", "--json", "e.json"]
    for (choice, status) in [([], 65), (["--damaged", "skip"], 0), (["--damaged", "stop"], 65)] as [([String], Int32)] {
      try? FileManager.default.removeItem(atPath: folder.file("e.json"))
      let evaluated = try AtelierProcess(options + choice, in: folder)
      #expect(evaluated.status == status && evaluated.errors.contains("hen/4.png: is a truncated"), "\(choice)")
      #expect(evaluated.errors.contains("1 damaged image of pets was left out") == choice.isEmpty)
      guard choice != ["--damaged", "stop"] else { continue }
      let report = try JSONSerialization.jsonObject(with: folder.bytes("e.json")) as? [String: Any]
      #expect((report?["evaluation"] as? [String: Any])?["images"] as? Int == 44, "\(report ?? [:])")
    }
    let conflict = try atelier("predict", "m", "pets/hen", "--format", "csv", "--json", "-")
    #expect(conflict.status == 64 && conflict.errors.contains("cannot be combined"))
  }

  /// A folder that cannot be read, for a user without root's rights to read everything.
  @Test(.enabled(if: geteuid() != 0 || access("/usr/bin/setpriv", X_OK) == 0, "root can read every folder"))
  func unreadableFoldersAreReportedAndOthersPredicted() throws {
    try writeClassFolders()
    _ = try atelier("train", "tree", "--data", "pets", "--size", "8", "--output", "m")
    _ = try folder.shell("mkdir pets/hen/locked; chmod 0 pets/hen/locked")
    defer { chmod(folder.file("pets/hen/locked"), 0o700) }
    let rights = "-dac_override,-dac_read_search"
    let prefix = geteuid() == 0 ? "setpriv --bounding-set=\(rights) --inh-caps=\(rights)" : ""
    let run = try folder.shell("\(prefix) \"$ATELIER\" predict m pets/hen --format jsonl 2>&1; echo status $?")
    let lines = run.output.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("{") } == 15 && lines.last == "status 65", "\(run.output)")
    #expect(run.output.contains("pets/hen/locked: is a folder that cannot be read; check its permissions"))
    #expect(run.output.contains("1 of 16 images could not be predicted"), "\(run.output)")
  }

  /// A list on standard input may have some of the classes only; folders name the classes of names without labels.
  @Test func evaluatesListsOnStandardInput() throws {
    try writeClassFolders()
    _ = try atelier("train", "tree", "--data", "pets", "--size", "8", "--output", "m")
    for text in [
      "path,label\\npets/cat/0.png,cat\\npets/hen/1.png,hen\\npets/hen/4.png,hen\\n",
      "pets/cat/0.png\\npets/hen/1.png\\npets/hen/4.png\\n",
    ] {
      let run = try folder.shell("printf '\(text)' | \"$ATELIER\" evaluate m --data - --json e.json")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("there are no images of 1 class of the model: owl"), "\(run.errors)")
      let report = try JSONSerialization.jsonObject(with: folder.bytes("e.json")) as? [String: Any]
      #expect((report?["evaluation"] as? [String: Any])?["images"] as? Int == 3, "\(report ?? [:])")
    }
    let one = try folder.shell("printf 'pets/cat/0.png,cat\\n' | \"$ATELIER\" evaluate m --data -")
    #expect(one.status == 0, "\(one.errors)")
    let list = "pets/cat/0.png,ant\\npets/cat/3.png,ant\\n"
    // A damaged image of a class is not missed, and nothing is split.
    let files = "pets/cat/0.png\\0pets/hen/1.png\\0pets/hen/none.png\\0pets/owl/none.png\\0"
    let damaged = try folder.shell("printf '\(files)' | \"$ATELIER\" evaluate m --data - --damaged skip --json e.json")
    #expect(damaged.errors.contains("2 damaged images were skipped"), "\(damaged.errors)")
    #expect(!damaged.errors.contains("test set"), "\(damaged.errors)")
    let unknown = try folder.shell("printf '\(list)' | \"$ATELIER\" evaluate m --data -")
    #expect(unknown.status == 65 && unknown.errors.contains("unknown to the model: ant"), "\(unknown.errors)")
  }

  // MARK: Data sets

  @Test func dataExplainsWhatItFound() throws {
    try writeClassFolders()
    try folder.write("x", to: "pets/cat/Thumbs.db")
    let run = try atelier("data", "pets", "--fit", "pad")
    #expect(run.status == 0, "\(run.errors)")
    for line in [
      "pets: 3 classes, images of 16x16", "format           class folders",
      "stored size      8x8 to 32x32 (4 different sizes)",
      "conversion       gray; 34 images of another size than 16x16 are resized (fit: pad)",
      "skipped          cat/Thumbs.db", "continue with    atelier train forest --data pets --fit pad",
    ] { #expect(run.output.contains(line), "\(run.output)") }
    try Data("P5 1".utf8).write(to: URL(fileURLWithPath: folder.file("pets/owl/2.png")))
    let damaged = try atelier("data", "pets")
    #expect(damaged.status == 65 && damaged.output.contains("damaged          pets/owl/2.png: "), "\(damaged.output)")
    #expect(damaged.output.contains("continue with    atelier train forest --data pets --damaged skip"))
    #expect(try atelier("data", "pets", "--damaged", "skip").status == 0)
    #expect(try atelier("data", "pets", "--damaged", "stop").status == 65)
    let trained = try atelier("train", "tree", "--data", "pets")
    #expect(trained.status == 65 && trained.errors.contains("pets/owl/2.png"), "\(trained.errors)")
    #expect(trained.errors.contains("use --damaged skip"), "\(trained.errors)")
    #expect(try atelier("data", "pets", "--data", "pets").status == 64)
    #expect(try atelier("data", "pets", "--size", "0").errors.contains("--size must be one side or HEIGHTxWIDTH"))
  }

  /// A sweep file has the same options; a report and a resumed sweep read the same images.
  @Test func sweepsAndReportsReadTheSameImages() throws {
    try writeClassFolders()
    try Data("P5 1".utf8).write(to: URL(fileURLWithPath: folder.file("pets/owl/2.png")))
    try folder.write(
      "model: tree\nspace: {max-depth: [1, 2]}\nhold-out: 0.3\ndata: pets\nsize: 4x5\ntest: 0.4\ndamaged: skip\n",
      to: "sweep.yaml")
    let run = try atelier("sweep", "sweep.yaml", "--split-seed", "3")
    #expect(run.status == 0, "\(run.errors)")
    let name = try #require(folder.names(in: "runs").first { !$0.hasPrefix("atelier.sqlite") })
    let shape = try SavedModel(path: folder.file("runs/\(name)/tree.safetensors")).metadata.imageShape
    #expect(shape == ImageShape(height: 4, width: 5, channels: 1))
    let resumed = try atelier("sweep", "--resume", "latest")
    #expect(resumed.status == 0, "\(resumed.errors)")
    let report = try atelier("report", "latest")
    #expect(report.status == 0, "\(report.errors)")
    let page = String(decoding: try folder.bytes("runs/\(name)/report/report.html"), as: UTF8.self)
    #expect(page.contains("Reading of the files") && page.contains("pets/owl/2.png: "))
    try folder.write("model: tree\nspace: {max-depth: [1]}\nsize: 9999\n", to: "bad.yaml")
    let bad = try atelier("sweep", "bad.yaml")
    #expect(bad.status == 64, "\(bad.errors)")
    #expect(bad.errors.contains("bad.yaml, line 3, column 7: size must be one side"), "\(bad.errors)")
  }

  /// A network's checkpoint and the parts of a forest have the options of their data.
  @Test func resumedTrainingReadsTheSameImages() throws {
    try writeClassFolders()
    let dataset = try Dataset.load(
      directory: folder.file("pets"), options: try DatasetOptions(text: ["size": "8", "test": "0.3"]))
    var settings = NetworkSettings()
    (settings.epochs, settings.filters, settings.validation) = (2, [4], 0)
    let trainer = try NetworkTrainer(
      dataset.train, classCount: 3, settings: settings, on: ComputeContext(threads: 1, instructionSet: .portable))
    try NetworkCheckpoint(
      trainer.checkpoint, settings: settings, dataset: dataset, dataDigest: dataset.digest,
      data: DatasetSource(folder.file("pets"), options: ["size": "8x8", "test": "0.3"])
    ).write(to: folder.file("m.checkpoint.safetensors"))
    let run = try atelier("train", "cnn", "--resume", "m.checkpoint.safetensors")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try SavedModel(path: folder.file("m.safetensors")).metadata.dataDigest == dataset.digest)
    try trainer.runRound()
    try NetworkCheckpoint(
      trainer.checkpoint, settings: settings, dataset: dataset, dataDigest: dataset.digest,
      data: DatasetSource(folder.file("pets"), options: ["size": "8x8"])
    ).write(to: folder.file("n.checkpoint.safetensors"))
    let other = try atelier("train", "cnn", "--resume", "n.checkpoint.safetensors")
    #expect(other.status == 65 && other.errors.contains("belongs to other data"), "\(other.errors)")
    let given = try atelier("train", "cnn", "--resume", "n.checkpoint.safetensors", "--test", "0.3")
    #expect(given.status == 0, "\(given.errors)")
  }
}
