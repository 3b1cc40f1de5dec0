# Builds the solution once and runs every suite: the twin of ./test.
param([Parameter(ValueFromRemainingArguments)] [string[]] $Filters = @())
$ErrorActionPreference = 'Stop'
$root = Split-Path -Parent $PSScriptRoot
Set-Location $root
$configuration = if ($env:BEEP_TEST_CONFIGURATION) { $env:BEEP_TEST_CONFIGURATION } else { 'Release' }
$results = Join-Path $root 'artifacts/test'
New-Item -ItemType Directory -Force $results | Out-Null
$script:passed = 0
$script:failed = 0
$script:skipped = 0

function Finish {
    "$($script:passed) passed, $($script:failed) failed, $($script:skipped) skipped"
    if ($script:failed -eq 0 -and $script:passed -gt 0) { exit 0 } else { exit 1 }
}

function Invoke-Step([string] $name, [string[]] $arguments) {
    $log = Join-Path $results "$name.log"
    $ErrorActionPreference = 'Continue'
    & dotnet @arguments *> $log
    if ($LASTEXITCODE -ne 0) {
        Get-Content $log
        "The $name failed."
        $script:failed++
        Finish
    }
}

# The shipped lock files are those of Linux; here the native packages differ and lock files are made on the spot.
Invoke-Step 'restore' @('restore', '-v', 'q')
Invoke-Step 'build' @('build', '--no-restore', '-c', $configuration, '-v', 'q', '--nologo', '-nodeReuse:false')
$ran = 0
foreach ($suite in 'Contracts', 'LanguageModels', 'Host', 'Trainer', 'EndToEnd') {
    if ($Filters.Count -gt 0 -and -not ($Filters | Where-Object { $suite.Contains($_) })) { continue }
    $report = Join-Path $results "$suite.xml"
    $log = Join-Path $results "$suite.log"
    if (Test-Path $report) { Remove-Item $report }
    $ErrorActionPreference = 'Continue'
    & dotnet "artifacts/bin/Beep.$suite.Tests/$($configuration.ToLowerInvariant())/Beep.$suite.Tests.dll" -noLogo -noColor -noAutoReporters -result-xml $report *> $log
    $code = $LASTEXITCODE
    $ErrorActionPreference = 'Stop'
    $ran++
    if (-not (Test-Path $report)) {
        Get-Content $log
        "${suite}: ended with exit code $code before it could report."
        $script:failed++
        continue
    }
    $assembly = ([xml] (Get-Content -Raw $report)).assemblies.assembly
    $bad = [int] $assembly.failed + [int] $assembly.errors
    Get-Content $log | Where-Object { $_ -notmatch '^ +(Discovering|Discovered|Starting|Finished): |^=== TEST EXECUTION SUMMARY ===|^ +Beep\..*Total: \d+, Errors: ' }
    "${suite}: $($assembly.passed) passed, $bad failed, $($assembly.skipped) skipped"
    $script:passed += [int] $assembly.passed
    $script:failed += $bad
    $script:skipped += [int] $assembly.skipped
    if ([int] $assembly.total -eq 0 -or ($code -ne 0 -and $bad -eq 0)) {
        "${suite}: ended with exit code $code and $($assembly.total) tests."
        $script:failed++
    }
}
if ($ran -eq 0) {
    "No suite is named like '$Filters'."
    $script:failed++
}
Finish
