package web

import "github.com/labstack/echo/v4"

// Register lists the steps of the way in by path, with functions that put a page or a form
// on a host. signUp is "" where strangers cannot sign up.
func Register(signIn, signUp, own string, show, post func(path string, step func(Entrance, echo.Context) error)) {
	RegisterSteps(signIn, own, show, post)
	show(signIn+forgotPath, Entrance.Forgot)
	post(signIn+forgotPath, Entrance.SendReset)
	show(signIn+resetPath, Entrance.Reset)
	post(signIn+resetPath, Entrance.SetPassword)
	if signUp == "" {
		return
	}
	show(signUp, Entrance.SignUp)
	post(signUp, Entrance.SendConfirmation)
	show(signUp+confirmPath, Entrance.Confirm)
	post(signUp+confirmPath, Entrance.EnterConfirmed)
}

// RegisterSteps is Register for a way in that knows no other steps: nobody signs up there, and
// who forgot a password gets a new one elsewhere.
func RegisterSteps(signIn, own string, show, post func(path string, step func(Entrance, echo.Context) error)) {
	show(signIn, Entrance.SignIn)
	post(signIn, Entrance.Enter)
	show(signIn+secondPath, Entrance.Second)
	post(signIn+secondPath, Entrance.EnterSecond)
	post(signIn+passkeyPath, Entrance.EnterByPasskey)
	post(signIn+passkeyPath+beginPath, Entrance.BeginPasskey)
	show(own+mailPath, Entrance.NewMail)
	post(own+mailPath, Entrance.SetNewMail)
}
