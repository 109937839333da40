import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The commands that write reports.
@Suite struct ReportTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func atelier(_ arguments: [String]) throws -> AtelierProcess { try AtelierProcess(arguments, in: folder) }

  private func page(_ path: String) throws -> String { String(decoding: try folder.bytes(path), as: UTF8.self) }

  private func isWellFormed(_ page: String) -> Bool { XMLParser(data: Data(page.utf8)).parse() }

  private var run: String { folder.names(in: "runs").first { !$0.hasPrefix("atelier.sqlite") } ?? "" }

  static let hostile = ["<script>alert(1)</script>", "hen & \"cock\"", "owl"]

  @Test func quickstartWritesReport() throws {
    let data = try TinyData.write(into: folder, classNames: Self.hostile)
    let run = try atelier(["quickstart", "--data", data])
    #expect(run.status == 0, "\(run.errors)")
    let path = "runs/\(self.run)/report/report.html"
    #expect(run.output.contains("report written to \(path)"))
    let page = try page(path)
    #expect(isWellFormed(page))
    #expect(!page.contains("<script"), "the page has no scripts, and class names are escaped")
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    for chapter in ["Summary", "Model comparison", "Data", "Cluster activity"] { #expect(page.contains(chapter)) }
    let files = folder.names(in: "runs/\(self.run)/report")
    #expect(files.contains { $0.hasSuffix(".svg") } && files.contains { $0.hasSuffix(".png") })
    #expect(files.allSatisfy { !$0.contains("partial") })
  }

  @Test func reportIsReproducible() throws {
    let data = try TinyData.write(into: folder)
    #expect(try atelier(["train", "forest", "--trees", "9", "--data", data, "--report"]).status == 0)
    let first = try page("runs/\(run)/report/report.html")
    let second = try atelier(["report", "latest", "--output", "again"])
    #expect(second.status == 0, "\(second.errors)")
    #expect(try page("again/report.html") == first)
  }

  @Test func reportUsesGivenCosts() throws {
    let data = try TinyData.write(into: folder, train: 300, test: 90)
    #expect(try atelier(["train", "forest", "--trees", "30", "--data", data]).status == 0)
    let costs = ["--cost-error", "20", "--cost-review", "0.5", "--cost-pair", "cat:hen=40"]
    let run = try atelier(["report", "latest"] + costs)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try page("runs/\(self.run)/report/report.html").contains("1,000 items"))
    for wrong in [["--cost-error", "20"], ["--cost-pair", "cat:hen=4"], costs + ["--cost-pair", "cat:dog=1"]] {
      #expect(try atelier(["report", "latest"] + wrong).status == 64)
    }
  }

  @Test func sweepWritesReportOnRequest() throws {
    let data = try TinyData.write(into: folder)
    let run = try atelier(["sweep", "tree", "--max-depth", "1,2,none", "--folds", "2", "--data", data, "--report"])
    #expect(run.status == 0, "\(run.errors)")
    let page = try page("runs/\(self.run)/report/report.html")
    #expect(isWellFormed(page) && page.contains("Search") && page.contains("Score by max-depth"))
  }

  @Test func namesRunWithoutFolder() throws {
    let data = try TinyData.write(into: folder)
    #expect(try atelier(["train", "knn", "--neighbors", "91", "--data", data]).status == 64)
    let run = try atelier(["report", "latest"])
    #expect(run.status == 66, "\(run.errors)")
    #expect(run.errors.contains("its command failed before it wrote a file"), "\(run.errors)")
  }

  @Test func distinguishesMissingModelFromOtherData() throws {
    let data = try TinyData.write(into: folder)
    #expect(try atelier(["report", "latest"]).status != 0)
    #expect(try atelier(["train", "tree", "--data", data]).status == 0)
    let unknown = try atelier(["report", "nosuch"])
    #expect(unknown.status != 0 && unknown.errors.contains("nosuch"))
    let other = try TemporaryFolder()
    let otherData = try TinyData.write(into: other, train: 60)
    let wrong = try atelier(["report", "latest", "--data", otherData])
    #expect(wrong.status == 65 && wrong.errors.contains("is not the data set of run"))
    try FileManager.default.removeItem(atPath: folder.file("runs/\(run)/tree.safetensors"))
    let gone = try atelier(["report", "latest"])
    #expect(gone.status == 66 && gone.errors.contains("tree.safetensors"))
  }

  @Test func exploresDataSet() throws {
    let data = try TinyData.write(into: folder, classNames: Self.hostile)
    let run = try atelier(["explore", "--data", data, "--output", "page", "--json", "data.json"])
    #expect(run.status == 0, "\(run.errors)")
    let page = try page("page/report.html")
    #expect(isWellFormed(page) && !page.contains("<script"))
    #expect(folder.names.contains("data.json"))
  }

  @Test(arguments: ["cnn --filters 8,8 --epochs 3 --batch 30", "forest --trees 9", "tree", "knn --neighbors 3"])
  func explainsEveryKindOfModel(model: String) throws {
    let data = try TinyData.write(into: folder, classNames: Self.hostile)
    let train =
      ["train"] + model.split(separator: " ").map(String.init) + ["--data", data, "--output", "m.safetensors"]
    #expect(try atelier(train).status == 0)
    let run = try atelier(["explain", "m.safetensors", "--data", data, "--images", "3,4", "--samples", "10"])
    #expect(run.status == 0, "\(run.errors)")
    let page = try page("m.explained/report.html")
    #expect(isWellFormed(page) && !page.contains("<script") && page.contains("Test image 4"))
    for wrong in [["--images", "30"], ["--class", "dog"]] + (model.hasPrefix("cnn") ? [["--layer", "3"]] : []) {
      #expect(try atelier(["explain", "m.safetensors", "--data", data] + wrong).status == 64)
    }
  }

  @Test func pdfRequiresBrowser() throws {
    let data = try TinyData.write(into: folder)
    #expect(try atelier(["train", "tree", "--data", data]).status == 0)
    let run = try AtelierProcess(["report", "latest", "--pdf"], in: folder, environment: ["PATH": "/nowhere"])
    #expect(run.status == 69 && run.errors.contains("chromium"))
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium"), "chromium is not installed"))
  func browserPrintsPDF() throws {
    let data = try TinyData.write(into: folder)
    #expect(try atelier(["train", "tree", "--data", data]).status == 0)
    let run = try atelier(["report", "latest", "--pdf"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try folder.bytes("runs/\(self.run)/report/report.pdf").starts(with: Data("%PDF-".utf8)))
  }
}
