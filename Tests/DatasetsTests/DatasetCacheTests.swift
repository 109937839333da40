import Datasets
import Foundation
import Testing

@Suite struct DatasetCacheTests {
  private let folder: TemporaryFolder
  private let cache: DatasetCache

  init() throws {
    folder = try TemporaryFolder()
    cache = DatasetCache(folder: folder.path + "/cache/sets", leastAge: -1)
    for name in ["train/cat/a", "train/dog/a", "test/cat/a"] { try write("set/\(name).png", 1) }
  }

  private func write(_ name: String, _ pixel: UInt8) throws {
    let image = RasterImage(shape: ImageShape(height: 1, width: 2, channels: 1), pixels: [pixel, 0])
    _ = try folder.write(try image.encodedAsPNG(), name)
  }

  private final class Calls: @unchecked Sendable {  // called by one thread
    var count = 0
  }

  /// Loads the data set.
  /// - Returns: the data set, and whether images were decoded
  private func load(
    _ path: String? = nil, _ change: (inout DatasetOptions) -> Void = { _ in }
  ) throws -> (dataset: Dataset, isDecoded: Bool) {
    let calls = Calls()
    var options = DatasetOptions()
    (options.cache, options.progress) = (cache, { _, _ in calls.count += 1 })
    change(&options)
    return (try Dataset.load(directory: path ?? folder.path + "/set", options: options), calls.count > 0)
  }

  private var entries: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: cache.folder)) ?? []).map { "\(cache.folder)/\($0)" }
  }

  /// A data set with too many damaged images is evaluated, and a training afterwards still refuses it.
  @Test func damagedDataSetOfAnEvaluationIsNotCached() throws {
    _ = try folder.write([1], "set/train/dog/a.png")
    let evaluated = try load { ($0.skipsDamaged, $0.isForEvaluation) = (true, true) }
    #expect(evaluated.dataset.train.count == 1 && entries.isEmpty)
    #expect { try load { $0.skipsDamaged = true } } throws: {
      "\($0)".contains("no undamaged training image of the class dog")
    }
  }

  @Test func secondLoadDecodesNothing() throws {
    // The damaged image is the first one, so that the others take its place.
    _ = try folder.write([1], "set/train/cat/0-broken.png")
    try write("set/train/dog/a.png", 2)
    _ = try folder.write([1], "set/train/notes.txt")
    let first = try load { $0.skipsDamaged = true }
    let second = try load { $0.skipsDamaged = true }
    #expect(first.isDecoded && !second.isDecoded)
    #expect(second.dataset.train.pixels == [1, 0, 2, 0] && second.dataset.train.labels == [0, 1])
    #expect(first.dataset.digest == second.dataset.digest && first.dataset.notes == second.dataset.notes)
    #expect(first.dataset.damaged == second.dataset.damaged && first.dataset.damaged.count == 1)
    #expect(first.dataset.conversion == second.dataset.conversion && second.dataset.conversion?.shape != nil)
    #expect(first.dataset.name == second.dataset.name && first.dataset.classNames == second.dataset.classNames)
    #expect(try !load { ($0.skipsDamaged, $0.cache) = (true, nil) }.dataset.notes.isEmpty)
    let permissions = try FileManager.default.attributesOfItem(atPath: cache.folder)[.posixPermissions] as? Int
    #expect(permissions == 0o700 && entries.count == 1)
  }

  /// Every change of the files is seen, also one that keeps size and modification time.
  @Test func changedFilesAreDecodedAgain() throws {
    let path = folder.path + "/set/train/dog/a.png"
    // A whole second, since a `Date` has no nanoseconds.
    let time = Date(timeIntervalSince1970: 1_700_000_000)
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
    #expect(try load().isDecoded && !load().isDecoded)
    usleep(20_000)  // file systems record times in steps of some milliseconds
    try write("set/train/dog/a.png", 2)
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
    #expect(try load().dataset.train.pixels == [1, 0, 2, 0])
    try write("set/train/dog/b/c.png", 3)
    #expect(try load().dataset.train.pixels == [1, 0, 2, 0, 3, 0])
    try FileManager.default.removeItem(atPath: path)
    #expect(try load().dataset.train.pixels == [1, 0, 3, 0])
    // The target of a link is changed.
    try write("elsewhere.png", 4)
    let link = folder.path + "/set/train/dog/link.png"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path + "/elsewhere.png")
    #expect(try load().dataset.train.pixels == [1, 0, 3, 0, 4, 0])
    usleep(20_000)
    try write("elsewhere.png", 5)
    #expect(try load().dataset.train.pixels == [1, 0, 3, 0, 5, 0])
  }

  /// An evaluation accepts more than a training, which must not read it from the cache.
  @Test func setsThatTrainNoModelAreNotCached() throws {
    for name in ["train/cat/a", "train/cat/b", "test/cat/c"] { try write("one/\(name).png", 1) }
    for _ in 0..<2 {
      #expect(try load(folder.path + "/one") { $0.isForEvaluation = true }.isDecoded && entries.isEmpty)
    }
    #expect(throws: DatasetError.self) { try load(folder.path + "/one") }
  }

  @Test func optionsSelectEntry() throws {
    let changes: [(inout DatasetOptions) -> Void] = [
      { _ in }, { $0.conversion.size = ImageSize(height: 2, width: 2) }, { $0.conversion.color = .rgb },
      { $0.conversion.fit = .pad }, { $0.conversion.background = .black }, { $0.skipsDamaged = true },
      { $0.testFraction = 0.3 }, { $0.seed = 1 }, { $0.isTransposed = true }, { $0.labelColumn = "y" },
      { $0.arrays = ArrayNames(images: "a", labels: "b") },
    ]
    for change in changes {
      #expect(try load(nil, change).isDecoded)
      #expect(try !load(nil, change).isDecoded)
    }
    #expect(try !load { $0.threads = 3 }.isDecoded && entries.count == changes.count)
  }

  @Test func listsAndArchivesAreCached() throws {
    let lines = "set/train/cat/a.png,a,train\nset/train/dog/a.png,b,train\nset/test/cat/a.png,a,test"
    let list = try folder.write(Array(lines.utf8), "list.csv")
    #expect(try load(list).isDecoded && !load(list).isDecoded)
    usleep(20_000)
    try write("set/train/cat/a.png", 9)
    #expect(try load(list).dataset.train.pixels == [9, 0, 1, 0])
    let image = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.path + "/set/train/cat/a.png")))
    let archive = ArchiveBytes.make([("train/a/1.png", image), ("train/b/1.png", image), ("test/a/1.png", image)])
    let path = try folder.write(archive, "set.tar")
    #expect(try load(path).isDecoded && !load(path).isDecoded)
    // A list without one of its images, which is skipped, and then is there.
    let longer = try folder.write(Array("\(lines)\nnew.png,a,train".utf8), "list.csv")
    #expect(try load(longer) { $0.skipsDamaged = true }.dataset.train.count == 2)
    try write("new.png", 9)
    #expect(try load(longer) { $0.skipsDamaged = true }.dataset.train.count == 3)
  }

  @Test func damagedEntriesAreIgnoredAndReplaced() throws {
    let expected = try load().dataset.digest
    let path = try #require(entries.first)
    let entry = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for place in entry.indices {
      var changed = entry
      changed[place] ^= 0x40
      try Data(changed).write(to: URL(fileURLWithPath: path))
      let (dataset, isDecoded) = try load()
      #expect(isDecoded && dataset.digest == expected, "byte \(place)")
    }
    for content in [[], Array(entry.dropLast()), entry + [0]] as [[UInt8]] {
      try Data(content).write(to: URL(fileURLWithPath: path))
      #expect(try load().isDecoded)
    }
    #expect(try !load().isDecoded && entries == [path])
  }

  /// An entry under the name of another one is not that one.
  @Test func renamedEntriesAreIgnored() throws {
    _ = try load()
    let path = try #require(entries.first)
    _ = try load { $0.seed = 1 }
    let other = try #require(entries.first { $0 != path })
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.moveItem(atPath: other, toPath: path)
    #expect(try load().isDecoded)
  }

  @Test func leastRecentlyUsedEntriesAreRemoved() throws {
    func limited(_ seed: UInt64) throws -> Bool {
      try load { ($0.seed, $0.cache) = (seed, DatasetCache(folder: cache.folder, limit: 10_000, leastAge: -1)) }
        .isDecoded
    }
    #expect(try limited(0) && limited(1) && entries.count == 2)
    usleep(20_000)
    #expect(try !limited(0))  // 1 is now the oldest
    usleep(20_000)
    for seed in 2..<20 as Range<UInt64> {
      #expect(try limited(seed))
      usleep(20_000)
      #expect(try !limited(0))
      usleep(20_000)
    }
    let size = try entries.map { try FileManager.default.attributesOfItem(atPath: $0)[.size] as! Int }.reduce(0, +)
    #expect(size <= 10_000 && entries.count >= 2)
    #expect(try limited(1))
    let tooSmall = DatasetCache(folder: folder.path + "/small", limit: 100, leastAge: -1)
    #expect(try load { $0.cache = tooSmall }.dataset.notes.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: tooSmall.folder))
  }

  /// Two changes within one step of the clock of a file system look like one.
  @Test func recentlyChangedFilesAreNotCached() throws {
    let careful = DatasetCache(folder: cache.folder)
    for _ in 0..<2 { #expect(try load { $0.cache = careful }.isDecoded && entries.isEmpty) }
    // As copied with the times of the originals, which say nothing about the last change.
    let set = folder.path + "/set"
    for name in try FileManager.default.subpathsOfDirectory(atPath: set) + ["."] {
      let time = Date(timeIntervalSince1970: 1_700_000_000)
      try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: "\(set)/\(name)")
    }
    for _ in 0..<2 { #expect(try load { $0.cache = careful }.isDecoded && entries.isEmpty) }
  }

  /// A training with the same options must not find a set without training images.
  @Test func setsThatAreOnlyEvaluatedAreNotCached() throws {
    let list = try folder.write(Array("set/train/cat/a.png,cat\nset/test/cat/a.png,cat".utf8), "list.csv")
    for _ in 0..<2 {
      let (dataset, isDecoded) = try load(list) { $0.isForEvaluation = true }
      #expect(isDecoded && dataset.train.count == 0 && dataset.test.count == 2 && entries.isEmpty)
    }
    #expect(throws: DatasetError.self) { try load(list) }
  }

  @Test func unusableFolderIsReported() throws {
    let file = try folder.write([1], "file")
    let dataset = try load { $0.cache = DatasetCache(folder: file + "/cache", leastAge: -1) }.dataset
    #expect(dataset.notes.count == 1 && dataset.notes[0].hasPrefix("the decoded images are not cached: cannot create"))
    let other = try load { $0.cache = DatasetCache(folder: file, leastAge: -1) }.dataset
    #expect(other.notes.count == 1 && other.notes[0].hasSuffix("/file: it is a file, not a folder"), "\(other.notes)")
  }

  @Test func threadsCanShareTheFolder() throws {
    let digests = Digests()
    let (path, cache) = (folder.path + "/set", cache)
    DispatchQueue.concurrentPerform(iterations: 16) { index in
      var options = DatasetOptions()
      (options.cache, options.seed) = (cache, UInt64(index % 2))
      let digest = try? Dataset.load(directory: path, options: options).digest
      digests.lock.withLock { digests.values.append(digest ?? "none") }
    }
    #expect(Set(digests.values).count == 1 && digests.values.count == 16 && entries.count == 2)
  }

  private final class Digests: @unchecked Sendable {  // guarded by the lock
    let lock = NSLock()
    var values: [String] = []
  }

  @Test func userChoosesTheFolder() {
    func folder(_ choice: String?, _ variable: String?, _ user: String? = "/u") -> String? {
      let environment = variable.map { [DatasetCache.environmentVariable: $0] } ?? [:]
      return DatasetCache.chosen(choice, environment: environment, userFolder: user)?.folder
    }
    #expect(folder(nil, nil) == "/u/atelier/datasets" && folder(nil, "") == "/u/atelier/datasets")
    #expect(folder(nil, "/v") == "/v" && folder("/c", "/v") == "/c" && folder("/c", "off") == "/c")
    #expect(folder(nil, "off") == nil && folder("off", "/v") == nil && folder(nil, nil, nil) == nil)
  }
}
