# Builds the program when its sources are newer than the last build; beep.cmd then runs it. The twin of ./beep.
$ErrorActionPreference = 'Stop'
$root = Split-Path -Parent $PSScriptRoot
$state = Join-Path $root 'artifacts/launcher'
$stamp = Join-Path $state 'built'
$log = Join-Path $state 'build.log'
$program = Join-Path $root 'artifacts/bin/Beep.Host/release/beep.dll'

function Say([string] $text) { [Console]::Error.WriteLine($text) }

function Get-Remembered { if (Test-Path $stamp) { ([IO.File]::ReadAllText($stamp)).Trim() } else { '' } }

function Get-Torch {
    if ($env:BEEP_TORCH) { return $env:BEEP_TORCH }
    $remembered = Get-Remembered
    if ($remembered) { return $remembered }
    'cpu'
}

function Test-Current {
    if (-not (Test-Path $program) -or -not (Test-Path $stamp) -or (Get-Remembered) -ne (Get-Torch)) { return $false }
    $built = [IO.File]::GetLastWriteTimeUtc($stamp)
    foreach ($folder in 'src', 'build') {
        foreach ($entry in [IO.Directory]::EnumerateFileSystemEntries((Join-Path $root $folder), '*', 'AllDirectories')) {
            if ([IO.File]::GetLastWriteTimeUtc($entry) -gt $built) { return $false }
        }
    }
    foreach ($file in 'Directory.Build.props', 'Directory.Packages.props', 'global.json') {
        if ([IO.File]::GetLastWriteTimeUtc((Join-Path $root $file)) -gt $built) { return $false }
    }
    $true
}

if (Test-Current) { exit 0 }
$sdks = if (Get-Command dotnet -ErrorAction SilentlyContinue) { & dotnet --list-sdks } else { @() }
if (-not ($sdks -match '^10\.')) {
    Say 'The .NET 10 SDK is needed to build beep, and none was found. Install it, then run the same command again:'
    Say '  winget install Microsoft.DotNet.SDK.10'
    Say 'Other ways: https://dotnet.microsoft.com/download/dotnet/10.0'
    exit 50
}

New-Item -ItemType Directory -Force $state | Out-Null
# Held open by one launcher at a time; the system lets go of it when that one ends, however it ends.
$lock = $null
$told = $false
while ($null -eq $lock) {
    try { $lock = [IO.File]::Open((Join-Path $state 'lock.windows'), 'OpenOrCreate', 'ReadWrite', 'None') }
    catch [IO.IOException] {
        if (-not $told) { Say 'Another call is building; waiting for it...'; $told = $true }
        Start-Sleep -Milliseconds 200
    }
}
try {
    if (Test-Current) { exit 0 }
    $torch = Get-Torch
    if (Test-Path $stamp) { Say 'Building...' } else { Say 'Building (first time takes a minute or two)...' }
    # Dated before the build begins: what is edited meanwhile is newer and gets built next time.
    [IO.File]::WriteAllText("$stamp.new", $torch)
    $env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
    $env:DOTNET_NOLOGO = '1'
    Push-Location $root
    $ErrorActionPreference = 'Continue'
    & dotnet build src/Beep.Host -c Release -v q --nologo -clp:NoSummary -nodeReuse:false -p:UseSharedCompilation=false "-p:BeepTorch=$torch" *> $log
    $code = $LASTEXITCODE
    Pop-Location
    if ($code -ne 0) {
        Remove-Item "$stamp.new"
        Get-Content $log | ForEach-Object { Say $_ }
        Say "error: beep could not be built; the log above is also in '$log'. Correct what it names and run the same command again. [build_failed]"
        exit 50
    }
    Move-Item -Force "$stamp.new" $stamp
    exit 0
}
finally { $lock.Dispose() }
