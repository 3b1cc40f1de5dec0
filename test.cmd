@echo off
rem The twin of ./test.
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0build\test.ps1" %*
exit /b %errorlevel%
