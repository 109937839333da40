// swift-tools-version: 6.2
import PackageDescription

/// The settings of every target: Swift 6 mode, explicit `any`, imports with access levels, and warnings as errors.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

/// Returns a kernel target. All kernel targets have the same source, compiled once for each instruction set. Callers
/// (`Compute`, `Models`) check bounds, so the kernels are built with unchecked arithmetic and accesses.
func kernelTarget(_ name: String, flags: [String] = []) -> Target {
  .target(
    name: name,
    dependencies: ["CInstructions", "KernelInterface"],
    swiftSettings: strict + (name == "KernelsAVX512" ? [.define("AVX512")] : []) + [
      // Without errno, a square root is a single instruction instead of a call.
      .unsafeFlags((flags + ["-fno-math-errno"]).flatMap { ["-Xcc", $0] }),
      .unsafeFlags(["-Ounchecked"], .when(configuration: .release)),
    ])
}

var kernelTargets = [kernelTarget("Kernels")]
#if arch(x86_64)
  kernelTargets += [
    kernelTarget("KernelsAVX2", flags: ["-march=x86-64-v3"]),
    kernelTarget(
      "KernelsAVX512", flags: ["-march=x86-64-v4", "-mavx512vnni", "-mprefer-vector-width=512"]),
  ]
#endif
let kernelDependencies = kernelTargets.map { Target.Dependency.target(name: $0.name) }

func target(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func testTarget(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil
) -> Target {
  .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
  name: "atelier",
  products: [.executable(name: "atelier", targets: ["atelier"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .systemLibrary(name: "CLinux"),
    .target(name: "CInstructions"),
    .target(name: "CJPEGDecoder", dependencies: ["CJPEG"]),
    target("KernelInterface", [], exclude: ["Kernels.md"]),
    target("Text", []),
    target("Files", []),
    target("Progress", []),
  ] + kernelTargets + [
    target("Compute", kernelDependencies + ["CInstructions", "CLinux", "CSodium", "Files", "KernelInterface"]),
    target(
      "Datasets", ["Compute", "Files", "Text", "CArchive", "CJPEGDecoder", "CPNG", "CWebP", "CZlib"],
      exclude: ["Data.md"]),
    target(
      "Models", ["Compute", "Datasets", "Files", "KernelInterface", "Progress", "Text", "CZlib"],
      exclude: ["Settings.md"]),
    target("Evaluation", ["Compute", "Datasets", "Models", "Progress", "Text"]),
    target(
      "Runs",
      [
        "Compute", "Files", "Text", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ]),
    target(
      "Selection",
      [
        "Compute", "Datasets", "Models", "Evaluation", "Progress", "Text",
        .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "OrderedCollections", package: "swift-collections"), .product(name: "Yams", package: "Yams"),
      ],
      exclude: ["Sweeps.md"]),
    .target(
      name: "Reports", dependencies: ["Datasets", "Evaluation", "Models", "Progress", "Selection", "Text"],
      exclude: ["Documentation", "Reports.md"], swiftSettings: strict),
    target("Dashboard", ["Compute", "Files", "Text", .product(name: "DequeModule", package: "swift-collections")]),
    target("EmulatedNetwork", ["CLinux", "Compute", "Files"]),
    .target(
      name: "Coordination",
      dependencies: [
        .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Messages/cluster.proto", "Messages/cluster.sha256"], swiftSettings: strict),
    target(
      "Transport",
      [
        "CLinux", "CSodium", "Compute", "Coordination", "Files", "CZeroMQ",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .target(
      name: "Cluster",
      dependencies: [
        "Compute", "Coordination", "Datasets", "Files", "KernelInterface", "Models", "Progress", "Selection", "Text",
        "Transport", .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Hosts.md", "Protocol.md", "Scaling.md"], swiftSettings: strict),
    target("Manifests", ["Text", .product(name: "Yams", package: "Yams")]),
    target(
      "Launching", ["CLinux", "Cluster", "Compute", "Files", "Text", "Transport"], exclude: ["Launchers.md"]),
    target(
      "Pipeline",
      [
        "Cluster", "Compute", "Datasets", "Evaluation", "Files", "Models", "Progress", "Runs", "Selection", "Text",
        .product(name: "Logging", package: "swift-log"),
      ]),
    target(
      "Benchmarks",
      [
        "Cluster", "Compute", "Coordination", "Datasets", "EmulatedNetwork", "Evaluation", "Models", "Progress",
        "Selection", "Text", "Transport", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    target(
      "Commands",
      [
        "Benchmarks", "Cluster", "Compute", "Dashboard", "Datasets", "Evaluation", "Files", "Launching", "Manifests",
        "Models", "Pipeline", "Progress", "Reports", "Runs", "Selection", "Text", "Transport",
        "CJPEGDecoder", "CPNG", "CSodium", "CWebP", "CZlib",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "atelier",
      dependencies: ["Commands", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: strict),

    // Atelier with one more family of models, for the tests.
    .executableTarget(
      name: "ToyFamily", dependencies: ["Commands", "Compute", "Datasets", "Models", "Progress"],
      path: "Tests/ToyFamily",
      swiftSettings: strict),

    testTarget("KernelsTests", kernelDependencies + ["CInstructions", "Compute", "KernelInterface"]),
    testTarget("TextTests", ["Text"]),
    testTarget("FilesTests", ["Compute", "Files"]),
    testTarget("ComputeTests", ["Compute"]),
    testTarget("DatasetsTests", ["Compute", "Datasets", "CArchive", "CPNG", "CZlib"], resources: [.copy("Fixtures")]),
    testTarget("ModelsTests", ["Compute", "Datasets", "Files", "Models", "Progress"], resources: [.copy("Fixtures")]),
    testTarget(
      "EvaluationTests", ["Compute", "Datasets", "Models", "Evaluation", "Progress"], resources: [.copy("Fixtures")]),
    testTarget(
      "CoordinationTests",
      ["Coordination", "Models", "Selection", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
    testTarget(
      "TransportTests",
      ["CLinux", "Compute", "Coordination", "Transport", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
    testTarget(
      "ClusterTests",
      [
        "Cluster", "Compute", "Coordination", "Datasets", "Files", "Models", "Progress", "Selection", "Transport",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    testTarget(
      "ManifestsTests", ["Manifests", .product(name: "Yams", package: "Yams")], resources: [.copy("Golden")]),
    testTarget("LaunchingTests", ["Launching"]),
    testTarget("RunsTests", ["Runs", .product(name: "GRDB", package: "GRDB.swift")]),
    testTarget(
      "ReportsTests", ["Compute", "Datasets", "Evaluation", "Models", "Progress", "Reports", "Selection"],
      resources: [.copy("Golden")]),
    testTarget("BenchmarksTests", ["Benchmarks", "Compute", "Datasets", "Models"]),
    testTarget("DashboardTests", ["Dashboard"]),
    testTarget("EmulatedNetworkTests", ["EmulatedNetwork"]),
    testTarget(
      "SelectionTests", ["Compute", "Datasets", "Evaluation", "Models", "Selection"], resources: [.copy("Fixtures")]),
    testTarget(
      "PipelineTests",
      [
        "Cluster", "Compute", "Datasets", "Models", "Pipeline", "Progress", "Runs", "Selection",
        .product(name: "Logging", package: "swift-log"),
      ]),
    testTarget(
      "CommandsTests",
      [
        "Compute", "Coordination", "Datasets", "EmulatedNetwork", "Models", "Runs", "Transport", "atelier", "ToyFamily",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      resources: [.copy("Golden")]),
  ]
)

// The fuzzers are not part of the product and need their own compiler mode: see deploy/fuzz.
if Context.environment["ATELIER_FUZZ"] != nil {
  func fuzzer(_ name: String, _ folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
      name: name, dependencies: dependencies + ["FuzzDriver"], path: "Tests/Fuzzing/\(folder)",
      swiftSettings: strict + [.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])])
  }
  package.targets += [
    .target(name: "FuzzDriver", path: "Tests/Fuzzing/Driver", swiftSettings: strict),
    fuzzer("fuzz-datasets", "Datasets", ["Datasets"]),
    fuzzer(
      "fuzz", "Messages",
      [
        "Compute", "Coordination", "Datasets", "Models", "Selection", "Transport",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
  ]
}
