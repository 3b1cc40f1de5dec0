@echo off
setlocal
set "BEEP_LAUNCHER=%~0"
rem Builds when needed, then runs the program. The twin of ./beep.
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0build\launch.ps1"
if errorlevel 1 exit /b %errorlevel%
dotnet "%~dp0artifacts\bin\Beep.Host\release\beep.dll" %*
exit /b %errorlevel%
