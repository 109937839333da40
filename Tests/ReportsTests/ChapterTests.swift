import Evaluation
import Reports
import Testing

@Suite struct ChapterTests {
  private static let models = Result {
    [
      try ChapterSamples.model(epochs: 3),
      try ChapterSamples.model("Tree", errors: 0.3, seed: 2, fitSeconds: 0.5),
    ]
  }

  // MARK: Golden files

  @Test func summaryMatchesGolden() throws {
    try check(SummaryChapter(Self.models.get(), costs: ChapterSamples.costs).section, "chapter-summary.html")
  }

  @Test func comparisonMatchesGolden() throws {
    try check(ComparisonChapter(Self.models.get()).section, "chapter-comparison.html")
  }

  @Test func evaluationMatchesGolden() throws {
    let model = try Self.models.get()[0]
    try check(EvaluationChapter(model, testImages: ChapterSamples.images(of: model)).section, "chapter-evaluation.html")
  }

  @Test func automationMatchesGolden() throws {
    try check(AutomationChapter(Self.models.get()[0], costs: ChapterSamples.costs).section, "chapter-automation.html")
  }

  /// Figures are replaced by their captions: plots have their own golden files.
  private func check(_ section: HTMLSection, _ name: String) throws {
    try Golden.check(section.withoutFigures.fragment + "\n", name)
  }

  // MARK: All cases

  @Test func pagesAreWellFormedWithoutScripts() throws {
    for (name, models) in try ChapterSamples.cases() {
      let elements = try ParsedXML(ChapterSamples.page(models).html).elements
      #expect(!elements.contains { $0.name == "script" }, "\(name)")
      for element in elements {
        #expect(!element.attributes.keys.contains { $0.hasPrefix("on") }, "\(name)")
        if element.name == "img" { #expect(element.attributes["alt"]?.isEmpty == false, "\(name)") }
        if element.name == "img" { #expect(element.attributes["src"]?.hasPrefix("data:image/png") == true, "\(name)") }
      }
    }
  }

  @Test func escapesHostileNames() throws {
    let model = try ChapterSamples.model(classNames: ChapterSamples.hostileNames, errors: 0.3)
    let page = ChapterSamples.page([model]).html
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(!page.contains("<script"))
  }

  @Test func figureNamesAreUnique() throws {
    for (name, models) in try ChapterSamples.cases() {
      // `Report` appends "-2" to the second figure of a name; no other name may end like that.
      let files = Report(ChapterSamples.page(models)).files.map(\.name)
      let stems = files.map { $0.split(separator: ".")[0] }
      #expect(stems.allSatisfy { stem in !stems.contains { $0 == stem + "-2" } }, "\(name)")
    }
  }

  @Test func pagesContainNoInvalidNumbers() throws {
    for (name, models) in try ChapterSamples.cases() {
      for element in try ParsedXML(ChapterSamples.page(models).html).elements {
        for word in ["nan", "inf", "∞", "−0.0 "] {
          #expect(!element.text.split(separator: " ").contains(Substring(word)), "\(name)")
        }
      }
    }
  }

  @Test func drawsOnlyTheWorstOfManyClasses() throws {
    let model = try ChapterSamples.model(images: 2560, classNames: (0..<256).map { "class \($0)" }, errors: 0.3)
    let text = EvaluationChapter(model, testImages: ChapterSamples.images(of: model)).section.fragment
    #expect(text.contains("Of 256 classes, the 40 with the most errors are shown."))
    #expect(text.contains("Of 256 classes, the 6 with the lowest average precision are shown."))
  }

  @Test func listsClassesWithoutImages() throws {
    let model = try ChapterSamples.model(emptyClass: 1)
    let text = EvaluationChapter(model, testImages: ChapterSamples.images(of: model)).section.fragment
    #expect(text.contains("Classes without test images: dog."))
  }

  @Test func statesNoThresholdWithoutHoldOut() throws {
    let text = AutomationChapter(try ChapterSamples.model(hasHoldOut: false), costs: ChapterSamples.costs).section
      .fragment
    #expect(text.contains("so there are no hold-out images"))
    #expect(text.contains("Without hold-out images, no threshold can be chosen."))
    #expect(!text.contains("automatically at"))
  }

  @Test func namesTheOptionsWithoutCosts() throws {
    let text = AutomationChapter(try ChapterSamples.model()).section.fragment
    #expect(text.contains("<code>--cost-error</code>") && !text.contains("Cost of 1,000 items"))
  }

  @Test func identifiersOfModelsAreUnique() throws {
    let page = ChapterSamples.page(try Self.models.get())
    let identifiers = try ParsedXML(page.html).elements.compactMap { $0.attributes["id"] }
    #expect(Set(identifiers).count == identifiers.count && identifiers.contains("evaluation-tree-errors"))
  }
}

extension HTMLSection {
  fileprivate var withoutFigures: HTMLSection {
    HTMLSection(
      identifier, title: title, blocks.flatMap(\.withoutFigures), subsections: subsections.map(\.withoutFigures))
  }
}

extension HTMLBlock {
  fileprivate var withoutFigures: [HTMLBlock] {
    switch self {
    case .figure(let figure): [.paragraph(figure.caption)]
    case .gallery(let figures): figures.map { .paragraph($0.caption) }
    case .details(let summary, let blocks): [.details(summary: summary, blocks.flatMap(\.withoutFigures))]
    default: [self]
    }
  }
}
